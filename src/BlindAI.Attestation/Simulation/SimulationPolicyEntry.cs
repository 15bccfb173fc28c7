using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Simulation;

/// <summary>Accepts a simulation, which protects nothing: for development and tests.</summary>
public sealed class SimulationPolicyEntry : PolicyEntry
{
    private const string Any = "any";

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.Simulation;

    /// <summary>The simulation's key, as SHA-256 of its SubjectPublicKeyInfo: exactly one, or knowingly any. The server prints it at start.</summary>
    public required DigestRule Key
    {
        get;
        init => field = value.Digests is null or { Count: 1 } ? value : throw new ArgumentException("An entry names one key.", nameof(value));
    }

    internal static SimulationPolicyEntry Read(PolicyObject members)
    {
        var key = members.Required("key");
        return new() { Key = key.Text() == Any ? DigestRule.DangerouslyAny : DigestRule.OneOf(key.Hex(PolicySizes.Sha256)) };
    }

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        if (Key.Digests is [var digest])
        {
            members.Exactly("key", "The key of the simulation", digest);
        }
        else
        {
            members.Word("key", Any);
            members.Unchecked("key", "The key of the simulation");
        }
    }
}
