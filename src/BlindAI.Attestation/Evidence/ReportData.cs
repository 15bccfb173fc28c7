using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>The 64 bytes that hardware signs on behalf of the enclave; ours are always the digest of a claims buffer.</summary>
/// <remarks>Source: docs/attestation.md, clause 2. <see cref="ToString"/> does not show the bytes.</remarks>
public sealed class ReportData : IEquatable<ReportData>
{
    /// <summary>Bytes of report data, the same in SGX, TDX and SEV-SNP.</summary>
    public const int Length = 64;

    private readonly byte[] _bytes;

    private ReportData(byte[] bytes) => _bytes = bytes;

    private static ReadOnlySpan<byte> Label => "blindai-report-data-1\0"u8;

    /// <summary>The 64 bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Takes the field of a report.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ValueInvalid"/>: not 64 bytes.</exception>
    public static ReportData Parse(ReadOnlySpan<byte> bytes)
    {
        Reject.Unless(bytes.Length == Length, RejectionCode.ValueInvalid, $"Report data has {Length} bytes, not {bytes.Length}.");
        return new(bytes.ToArray());
    }

    /// <summary>SHA-512("blindai-report-data-1" 0x00 ‖ claims): the only thing an enclave of ours lets its hardware sign.</summary>
    /// <remarks>The label keeps the quote of one protocol from being taken for another's.</remarks>
    public static ReportData ForClaims(ReadOnlySpan<byte> encodedClaims)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        hash.AppendData(Label);
        hash.AppendData(encodedClaims);
        return new(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public bool Equals(ReportData? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ReportData);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_bytes);

    /// <inheritdoc/>
    public override string ToString() => $"report data of {Length} bytes";
}
