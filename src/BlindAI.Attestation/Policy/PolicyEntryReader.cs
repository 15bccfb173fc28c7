using System.Collections.Frozen;
using BlindAI.Attestation.ArmCca;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Policy;

/// <summary>Reads the entries of <c>accept</c>. A new TEE adds one line to the table.</summary>
internal static class PolicyEntryReader
{
    private static readonly FrozenDictionary<string, Func<PolicyObject, PolicyEntry>> Readers = new Dictionary<TeeKind, Func<PolicyObject, PolicyEntry>>
    {
        [TeeKind.SevSnp] = SnpPolicyEntry.Read,
        [TeeKind.Tdx] = TdxPolicyEntry.Read,
        [TeeKind.Sgx] = SgxPolicyEntry.Read,
        [TeeKind.Nitro] = NitroPolicyEntry.Read,
        [TeeKind.AzureVtpm] = AzurePolicyEntry.Read,
        [TeeKind.ArmCca] = CcaPolicyEntry.Read,
        [TeeKind.Simulation] = SimulationPolicyEntry.Read,
    }.ToFrozenDictionary(reader => reader.Key.Name, reader => reader.Value);

    /// <summary>Reads the entry that its member <c>tee</c> names.</summary>
    public static PolicyEntry Read(PolicyNode node) => Read(node, members =>
    {
        var tee = members.Required("tee");
        var name = tee.Text();
        return Readers.TryGetValue(name, out var read) ? read(members)
            : name == TeeKind.NvidiaGpu.Name
                ? throw tee.Invalid("cannot stand alone", "GPU evidence names no CPU: put the entry into the member \"gpu\" of the CPU's entry.")
                : throw tee.Invalid("is not a known TEE", $"use one of: {string.Join(", ", Readers.Keys.Order(StringComparer.Ordinal))}.");
    });

    /// <summary>Reads a whole entry, or a part that is one, and refuses members that contradict each other.</summary>
    public static T Read<T>(PolicyNode node, Func<PolicyObject, T> read)
        where T : PolicyEntry
    {
        var entry = node.Object(read);
        return entry.FindFault() is { } fault ? throw node.Invalid(fault) : entry;
    }
}
