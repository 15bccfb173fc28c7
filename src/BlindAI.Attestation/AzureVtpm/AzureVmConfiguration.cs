using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What the paravisor must say about the virtual machine's set-up (<c>vm-configuration</c> of the runtime data).</summary>
public sealed class AzureVmConfiguration
{
    /// <summary>Whether secure boot is on.</summary>
    public bool? SecureBoot { get; init; }

    /// <summary>Whether the virtual TPM is on.</summary>
    public bool? TpmEnabled { get; init; }

    /// <summary>Whether the virtual TPM's state is kept by the host.</summary>
    public bool? TpmPersisted { get; init; }

    /// <summary>Whether the host's console is attached.</summary>
    public bool? ConsoleEnabled { get; init; }

    /// <summary>Accepted thumbprints of the root certificate, as Azure writes them.</summary>
    public IReadOnlyList<string>? RootCertThumbprints { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted virtual machines by their unique id, as Azure writes it.</summary>
    public IReadOnlyList<string>? VmUniqueIds { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Whether nothing is demanded, which an entry may not say.</summary>
    internal bool IsEmpty => !PolicyMembers.Of(Describe).Explanations.Any(member => member.IsChecked);

    internal static AzureVmConfiguration Read(PolicyObject members) => new()
    {
        SecureBoot = members.Optional("secureBoot")?.Boolean(),
        TpmEnabled = members.Optional("tpmEnabled")?.Boolean(),
        TpmPersisted = members.Optional("tpmPersisted")?.Boolean(),
        ConsoleEnabled = members.Optional("consoleEnabled")?.Boolean(),
        RootCertThumbprints = members.Optional("rootCertThumbprints")?.TextList(),
        VmUniqueIds = members.Optional("vmUniqueIds")?.TextList(),
    };

    internal void Describe(PolicyMembers members)
    {
        members.Flag("secureBoot", "Secure boot", SecureBoot);
        members.Flag("tpmEnabled", "The virtual TPM", TpmEnabled);
        members.Flag("tpmPersisted", "Keeping of the virtual TPM's state by the host", TpmPersisted);
        members.Flag("consoleEnabled", "The host's console", ConsoleEnabled);
        members.OneOf("rootCertThumbprints", "The root certificate", RootCertThumbprints);
        members.OneOf("vmUniqueIds", "The virtual machine's unique id", VmUniqueIds);
    }
}
