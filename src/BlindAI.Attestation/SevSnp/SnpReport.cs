using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>An SEV-SNP attestation report: parsed, not yet believed.</summary>
/// <remarks>
/// Source: AMD publication 56860 (SEV-SNP Firmware ABI), ATTESTATION_REPORT; docs/attestation.md, clause 12. Little-endian, 1184 bytes. Later versions fill
/// fields that earlier ones reserve and move none. Bits of POLICY and PLATFORM_INFO that have no name yet are data.
/// </remarks>
public sealed record SnpReport
{
    /// <summary>Bytes of a report.</summary>
    public const int Length = 0x4A0;

    /// <summary>Bytes before the signature: what is signed.</summary>
    internal const int SignedLength = 0x2A0;

    internal const int TcbLength = sizeof(ulong);

    private const uint LeastVersion = 2;
    private const uint LastVersion = 5;
    private const uint LeastVersionWithCpuid = 3;
    private const uint LeastVersionWithMitigationVectors = 5;

    /// <summary>ECDSA P-384 with SHA-384.</summary>
    private const uint EcdsaP384Sha384 = 1;

    private const int PolicyMustBeOneBit = 17;
    private const int PolicyMigrateMaBit = 18;
    private const int PolicyDebugBit = 19;

    // R and S lie little-endian in 72 bytes each, of which P-384 uses 48.
    private const int SignatureHalfLength = 72;
    private const int CoordinateLength = 48;

    /// <summary>VERSION: 2 to 5.</summary>
    public required uint Version { get; init; }

    /// <summary>GUEST_SVN.</summary>
    public required uint GuestSvn { get; init; }

    /// <summary>The guest POLICY; <see cref="SnpPolicyBit"/> names its bits.</summary>
    public required ulong Policy { get; init; }

    /// <summary>FAMILY_ID, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> FamilyId { get; init; }

    /// <summary>IMAGE_ID, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> ImageId { get; init; }

    /// <summary>The privilege level that asked for the report: 0 to 3, or 0xFFFFFFFF when the host asked.</summary>
    public required uint Vmpl { get; init; }

    /// <summary>CURRENT_TCB as encoded.</summary>
    public required ReadOnlyMemory<byte> CurrentTcb { get; init; }

    /// <summary>PLATFORM_INFO; <see cref="SnpPlatformInfoBit"/> names its bits.</summary>
    public required ulong PlatformInfo { get; init; }

    /// <summary>Whether AUTHOR_KEY_DIGEST is there.</summary>
    public required bool AuthorKeyEn { get; init; }

    /// <summary>Whether the host hides the chip's key (MASK_CHIP_KEY).</summary>
    public required bool MaskChipKey { get; init; }

    /// <summary>The kind of key that signed.</summary>
    public required SnpSigningKey SigningKey { get; init; }

    /// <summary>REPORT_DATA.</summary>
    public required ReportData ReportData { get; init; }

    /// <summary>MEASUREMENT, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Measurement { get; init; }

    /// <summary>HOST_DATA, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> HostData { get; init; }

    /// <summary>ID_KEY_DIGEST, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> IdKeyDigest { get; init; }

    /// <summary>AUTHOR_KEY_DIGEST, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> AuthorKeyDigest { get; init; }

    /// <summary>REPORT_ID, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ReportId { get; init; }

    /// <summary>REPORT_ID_MA, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ReportIdMa { get; init; }

    /// <summary>REPORTED_TCB as encoded: the one for which the signing key was derived.</summary>
    public required ReadOnlyMemory<byte> ReportedTcb { get; init; }

    /// <summary>The processor; null before version 3.</summary>
    public required SnpCpuid? Cpuid { get; init; }

    /// <summary>CHIP_ID, 64 bytes; zeros when masked. Turin has 8 bytes, followed by zeros.</summary>
    public required ReadOnlyMemory<byte> ChipId { get; init; }

    /// <summary>COMMITTED_TCB as encoded.</summary>
    public required ReadOnlyMemory<byte> CommittedTcb { get; init; }

    /// <summary>The committed firmware version, below which the platform cannot go back.</summary>
    public required SnpVersion CommittedVersion { get; init; }

    /// <summary>LAUNCH_TCB as encoded.</summary>
    public required ReadOnlyMemory<byte> LaunchTcb { get; init; }

    /// <summary>LAUNCH_MIT_VECTOR; null before version 5.</summary>
    public required ulong? LaunchMitVector { get; init; }

    /// <summary>CURRENT_MIT_VECTOR; null before version 5.</summary>
    public required ulong? CurrentMitVector { get; init; }

    /// <summary>The bytes that are signed.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The signature as r ‖ s, big-endian, 48 bytes each.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Whether the host may read the guest's memory (POLICY bit 19).</summary>
    public bool IsDebug => HasPolicyBit(PolicyDebugBit);

    /// <summary>Whether a migration agent may take the guest elsewhere (POLICY bit 18).</summary>
    public bool MayMigrate => HasPolicyBit(PolicyMigrateMaBit);

    /// <summary>Whether CHIP_ID names a chip.</summary>
    public bool NamesChip => ChipId.Span.ContainsAnyExcept((byte)0);

    internal bool HasPolicyBit(int bit) => ((Policy >> bit) & 1) != 0;

    /// <summary>Reads a report.</summary>
    /// <exception cref="AttestationException">
    /// The 1xx family; <see cref="RejectionCode.VersionUnsupported"/>, <see cref="RejectionCode.AlgorithmUnsupported"/>.
    /// </exception>
    public static SnpReport Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length >= Length, RejectionCode.Truncated, $"The SNP report has {bytes.Length} bytes, not {Length}.");
        Reject.Unless(bytes.Length == Length, RejectionCode.TrailingBytes, $"{bytes.Length - Length} bytes follow the SNP report.");
        var version = UInt32(bytes, 0x000);
        Reject.Unless(version is >= LeastVersion and <= LastVersion, RejectionCode.VersionUnsupported,
            $"The SNP report has version {version}; {LeastVersion} to {LastVersion} are known.");
        Reject.Unless(UInt32(bytes, 0x034) == EcdsaP384Sha384, RejectionCode.AlgorithmUnsupported, "The SNP report is signed with another algorithm than ECDSA P-384 with SHA-384.");
        var report = Read(bytes, version, UInt32(bytes, 0x048));
        Reject.Unless(report.HasPolicyBit(PolicyMustBeOneBit), RejectionCode.ValueInvalid, $"Bit {PolicyMustBeOneBit} of the guest policy, which must be one, is zero.");
        return report;
    }

    private static SnpReport Read(ReadOnlyMemory<byte> bytes, uint version, uint keyInfo) => new()
    {
        Version = version,
        GuestSvn = UInt32(bytes, 0x004),
        Policy = UInt64(bytes, 0x008),
        FamilyId = bytes.Slice(0x010, 16),
        ImageId = bytes.Slice(0x020, 16),
        Vmpl = UInt32(bytes, 0x030),
        CurrentTcb = bytes.Slice(0x038, TcbLength),
        PlatformInfo = UInt64(bytes, 0x040),
        AuthorKeyEn = (keyInfo & 1) != 0,
        MaskChipKey = (keyInfo & 2) != 0,
        SigningKey = ReadSigningKey((keyInfo >> 2) & 7),
        ReportData = ReportData.Parse(bytes.Span.Slice(0x050, ReportData.Length)),
        Measurement = bytes.Slice(0x090, 48),
        HostData = bytes.Slice(0x0C0, 32),
        IdKeyDigest = bytes.Slice(0x0E0, 48),
        AuthorKeyDigest = bytes.Slice(0x110, 48),
        ReportId = bytes.Slice(0x140, 32),
        ReportIdMa = bytes.Slice(0x160, 32),
        ReportedTcb = bytes.Slice(0x180, TcbLength),
        Cpuid = version < LeastVersionWithCpuid ? null : new(bytes.Span[0x188], bytes.Span[0x189], bytes.Span[0x18A]),
        ChipId = bytes.Slice(0x1A0, 64),
        CommittedTcb = bytes.Slice(0x1E0, TcbLength),
        CommittedVersion = new() { Build = bytes.Span[0x1EC], Minor = bytes.Span[0x1ED], Major = bytes.Span[0x1EE] },
        LaunchTcb = bytes.Slice(0x1F0, TcbLength),
        LaunchMitVector = version < LeastVersionWithMitigationVectors ? null : UInt64(bytes, 0x1F8),
        CurrentMitVector = version < LeastVersionWithMitigationVectors ? null : UInt64(bytes, 0x200),
        SignedBytes = bytes[..SignedLength],
        Signature = ReadSignature(bytes.Span[SignedLength..]),
    };

    private static SnpSigningKey ReadSigningKey(uint key) => key switch
    {
        0 => SnpSigningKey.VCEK,
        1 => SnpSigningKey.VLEK,
        _ => throw new AttestationException(RejectionCode.ValueInvalid, $"SIGNING_KEY of the SNP report is {key}, and that is neither VCEK nor VLEK.",
            "7 means that the host lets no report be signed (MASK_CHIP_KEY)."),
    };

    private static byte[] ReadSignature(ReadOnlySpan<byte> field)
    {
        var r = field[..SignatureHalfLength];
        var s = field[SignatureHalfLength..];   // and the reserved bytes behind it
        Reject.Unless(!r[CoordinateLength..].ContainsAnyExcept((byte)0) && !s[CoordinateLength..].ContainsAnyExcept((byte)0),
            RejectionCode.EncodingInvalid, "The SNP report has something in its signature field that is not the signature.");
        byte[] signature = [.. r[..CoordinateLength], .. s[..CoordinateLength]];
        signature.AsSpan(..CoordinateLength).Reverse();
        signature.AsSpan(CoordinateLength..).Reverse();
        return signature;
    }

    private static uint UInt32(ReadOnlyMemory<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[offset..]);

    private static ulong UInt64(ReadOnlyMemory<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[offset..]);
}
