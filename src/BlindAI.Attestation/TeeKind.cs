using System.Collections.Frozen;

namespace BlindAI.Attestation;

/// <summary>A kind of Trusted Execution Environment, with its two names: in policies and on the wire.</summary>
public sealed class TeeKind
{
    private TeeKind(string name, string evidenceType, bool isHardware = true)
    {
        Name = name;
        EvidenceType = evidenceType;
        IsHardware = isHardware;
    }

    /// <summary>Intel SGX enclave (DCAP quote).</summary>
    public static TeeKind Sgx { get; } = new("sgx", "sgx-quote");

    /// <summary>Intel TDX trust domain.</summary>
    public static TeeKind Tdx { get; } = new("tdx", "tdx-quote");

    /// <summary>AMD SEV-SNP guest.</summary>
    public static TeeKind SevSnp { get; } = new("snp", "snp-report");

    /// <summary>AWS Nitro enclave.</summary>
    public static TeeKind Nitro { get; } = new("nitro", "nitro-doc");

    /// <summary>Azure confidential VM: a vTPM quote beside an SNP report or TD quote.</summary>
    public static TeeKind AzureVtpm { get; } = new("azure", "tpm-quote");

    /// <summary>NVIDIA GPU in confidential-computing mode; only beside a CPU TEE.</summary>
    public static TeeKind NvidiaGpu { get; } = new("nvidia", "nvgpu");

    /// <summary>Arm CCA realm.</summary>
    public static TeeKind ArmCca { get; } = new("cca", "cca-token");

    /// <summary>A software stand-in that protects nothing: for development and tests.</summary>
    public static TeeKind Simulation { get; } = new("simulation", "sim", isHardware: false);

    /// <summary>Every kind that has a name, whether this build can verify it or not.</summary>
    public static IReadOnlyList<TeeKind> All { get; } = [Sgx, Tdx, SevSnp, Nitro, AzureVtpm, NvidiaGpu, ArmCca, Simulation];

    private static readonly FrozenDictionary<string, TeeKind> ByName = All.ToFrozenDictionary(kind => kind.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, TeeKind> ByEvidenceType = All.ToFrozenDictionary(kind => kind.EvidenceType, StringComparer.Ordinal);

    /// <summary>The name in policies, claims output and vector folders, such as <c>snp</c>.</summary>
    public string Name { get; }

    /// <summary>The evidence type on the wire, such as <c>snp-report</c>.</summary>
    public string EvidenceType { get; }

    /// <summary>Whether a vendor's hardware stands behind it. Read for start-up, policy and watermarks (later key providers) alone, by the types that the architecture tests list.</summary>
    public bool IsHardware { get; }

    /// <summary>Finds a kind by its policy name; null when there is none.</summary>
    public static TeeKind? FindByName(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Finds a kind by its evidence type; null when there is none.</summary>
    public static TeeKind? FindByEvidenceType(string evidenceType) => ByEvidenceType.GetValueOrDefault(evidenceType);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
