using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Attestation.Policy;

/// <summary>Which enclaves a client accepts. Immutable; nothing unset means unchecked, and no default accepts anything.</summary>
/// <remarks>docs/policy.md describes the file, member by member. A class, since a struct would have a default.</remarks>
public sealed class AttestationPolicy
{
    /// <summary>The version of the file format that this build reads and writes.</summary>
    public const int FormatVersion = 1;

    /// <summary>Longest life of a verification: 24 hours. Source: docs/policy.md, clause 2.6.</summary>
    internal const int MaxReattestSeconds = 24 * 60 * 60;

    internal const int DefaultReattestSeconds = 15 * 60;

    private HexValue? _digest;

    /// <summary>The end of the policy's validity, in whole seconds; null for none.</summary>
    public DateTimeOffset? ValidUntil { get; init => field = PolicyGuard.WholeSeconds(value); }

    /// <summary>The service name that the enclave must attest to: 1 to 253 visible ASCII characters.</summary>
    public required string Service
    {
        get;
        init => field = IsServiceName(value) ? value : throw new ArgumentException("The service name must be 1 to 253 visible ASCII characters.", nameof(value));
    }

    /// <summary>Whose machine may run the enclave.</summary>
    public required MachineRule Machines
    {
        get;
        init => field = value is not MachineRule.Listed { IsEmpty: true } ? value : throw new ArgumentException("The rule lists no machine.", nameof(value));
    }

    /// <summary>The accepted trust configurations, by digest.</summary>
    public required DigestRule Configuration { get; init; }

    /// <summary>How long a verification may be used, by the client's monotonic clock: 1 s to 24 h in whole seconds. Default 15 min.</summary>
    public TimeSpan ReattestAfter
    {
        get;
        init => field = TimeSpan.FromSeconds(PolicyGuard.InRange((long)value.TotalSeconds, 1, MaxReattestSeconds).Value);
    } = TimeSpan.FromSeconds(DefaultReattestSeconds);

    /// <summary>How strongly each connection must be bound to its evidence. Default: where both ends can.</summary>
    public BinderRequirement Binder { get; init; } = BinderRequirement.Preferred;

    /// <summary>The accepted TEEs: evidence must match any one entry entirely. At least one; simulation never beside hardware.</summary>
    public required IReadOnlyList<PolicyEntry> Accept { get; init => field = CheckEntries(value); }

    /// <summary>The accepted digests (<c>sha256:</c> and 64 hexadecimal digits) of each pinned model (<c>namespace/model</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Models { get; init => field = ModelPins.Copy(value); } =
        ImmutableSortedDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>What becomes of models that <see cref="Models"/> does not name.</summary>
    public required OtherModels OtherModels { get; init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the time-stamp roots whose tokens prove when a proof was made; null for none.</summary>
    public IReadOnlyList<HexValue>? TimestampAuthorities { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>Whether simulation, which protects nothing, is what this policy accepts.</summary>
    public bool AllowsSimulation => Accept.Any(entry => !entry.Tee.IsHardware);

    /// <summary>SHA-256 of <see cref="Encode"/>: policies that say the same have the same digest, however their files are written.</summary>
    public HexValue Digest => _digest ??= new HexValue(SHA256.HashData(Encode()));

    /// <summary>Reads a policy: JSON with comments and trailing commas, of at most 1 MiB.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyInvalid"/> or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static AttestationPolicy Parse(ReadOnlySpan<byte> utf8) => AttestationPolicyReader.Read(utf8, folder: "");

    /// <summary>Reads a policy file. Files that it names relatively lie beside it.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyInvalid"/> or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static AttestationPolicy Load(string path)
    {
        var fullPath = Path.GetFullPath(path);
        using var file = File.OpenRead(fullPath);
        var buffer = new byte[PolicySizes.MaxFileBytes + 1];   // one byte more, so that an oversized file is seen as such
        var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return AttestationPolicyReader.Read(buffer.AsSpan(0, length), Path.GetDirectoryName(fullPath)!);
    }

    /// <summary>The stand-in for an absent policy that a caller demanded with <c>--dangerously-allow-simulation</c>: any simulation, nothing pinned.</summary>
    public static AttestationPolicy DangerouslyAllowSimulation(string service) => new()
    {
        Service = service,
        Machines = new MachineRule.Any(),
        Configuration = DigestRule.DangerouslyAny,
        Accept = [new SimulationPolicyEntry { Key = DigestRule.DangerouslyAny }],
        OtherModels = OtherModels.Allow,
    };

    /// <summary>Writes the policy as indented JSON, every default written out, members and maps in one fixed order.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n" }))
        {
            AttestationPolicyWriter.Write(this, writer);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Says the policy in sentences: what it accepts, what each member demands, what is NOT CHECKED, and what to be careful about.</summary>
    /// <param name="verifiable">The TEEs that this build can verify; entries about others get a warning.</param>
    public IReadOnlyList<PolicyStatement> Explain(IReadOnlyCollection<TeeKind> verifiable) => PolicyExplanation.Of(this, verifiable);

    /// <summary>Refuses when the policy's own validity has ended.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyExpired"/>.</exception>
    public void RequireValidAt(DateTimeOffset now) =>
        Reject.Unless(ValidUntil is null || now <= ValidUntil, RejectionCode.PolicyExpired, "The policy's validity has ended.",
            "review the policy, then extend its validUntil.");

    /// <summary>The digests that a model may have; null when any may answer.</summary>
    /// <param name="namespaceSlashModel">Namespace and name of the model, such as <c>default/credit</c>.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ModelNotAccepted"/>: others are refused and this one is not named.</exception>
    public IReadOnlyList<string>? AcceptedDigests(string namespaceSlashModel)
    {
        var isPinned = Models.TryGetValue(namespaceSlashModel, out var digests);
        Reject.Unless(isPinned || OtherModels is OtherModels.Allow, RejectionCode.ModelNotAccepted,
            "The policy refuses models that it does not name.", "add the model and its digest to the policy's models.");
        return digests;
    }

    internal static bool IsServiceName(string text) => text.Length is > 0 and <= 253 && text.All(character => character is > ' ' and <= '~');

    /// <summary>What no list of entries may be; null when the list is fine.</summary>
    internal static string? FindFault(IReadOnlyList<PolicyEntry> entries) =>
        entries.Any(entry => entry.Tee.IsHardware) && entries.Any(entry => !entry.Tee.IsHardware) ? "mixes simulation with hardware" : null;

    private static IReadOnlyList<PolicyEntry> CheckEntries(IReadOnlyList<PolicyEntry> entries)
    {
        var checkedEntries = PolicyGuard.List(entries);
        foreach (var entry in checkedEntries)
        {
            if (entry is NvidiaPolicyEntry)
            {
                throw new ArgumentException("A GPU entry stands in the Gpu of a CPU entry.", nameof(entries));
            }

            if (entry.FindFault() is { } fault)
            {
                throw new ArgumentException($"The {entry.Tee} entry's {fault.Member} {fault.Problem}.", nameof(entries));
            }
        }

        return FindFault(checkedEntries) is { } problem ? throw new ArgumentException($"The list {problem}.", nameof(entries)) : checkedEntries;
    }
}
