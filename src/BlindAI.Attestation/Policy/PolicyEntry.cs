using BlindAI.Attestation.NvidiaGpu;

namespace BlindAI.Attestation.Policy;

/// <summary>What one TEE must prove to be accepted: every member that is there is checked, every other one is not.</summary>
/// <remarks>The hierarchy is closed: one sealed type per TEE, in the folder of that TEE.</remarks>
public abstract class PolicyEntry
{
    private protected PolicyEntry()
    {
    }

    /// <summary>The TEE that this entry is about.</summary>
    public abstract TeeKind Tee { get; }

    /// <summary>Accepts a TEE in debug mode, whose memory the machine's owner may read. Never in production.</summary>
    public virtual bool DangerouslyAllowDebug { get; init; }

    /// <summary>The GPU that must be proved beside this TEE; null when none is demanded.</summary>
    internal virtual NvidiaPolicyEntry? DemandedGpu => null;

    /// <summary>Every member that this TEE knows, in the order of the file, with what is demanded or NOT CHECKED.</summary>
    public IReadOnlyList<PolicyMember> Explain() => PolicyMembers.Of(Describe).Explanations;

    /// <summary>Lists the members once; writing and explaining follow from it.</summary>
    internal abstract void Describe(PolicyMembers members);

    /// <summary>What the members say against each other; null when they agree.</summary>
    internal virtual PolicyFault? FindFault() => null;

    /// <summary>The same for an entry that is a member of this one.</summary>
    private protected static PolicyFault? FindFaultIn(string member, PolicyEntry? part) =>
        part?.FindFault() is { } fault ? fault with { Member = PolicyNode.StepTo(member) + fault.Member } : null;
}
