using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>The 64 bytes that hardware signs on behalf of the enclave; ours are always a digest of claims.</summary>
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

    /// <summary>SHA-512("blindai-report-data-1" 0x00 ‖ claims): what an enclave of ours has its hardware sign for its clients.</summary>
    /// <remarks>The label keeps the quote of one protocol from being taken for another's.</remarks>
    public static ReportData ForClaims(ReadOnlySpan<byte> encodedClaims)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        hash.AppendData(Label);
        hash.AppendData(encodedClaims);
        return new(hash.GetHashAndReset());
    }

    /// <summary>SHA-256(claims buffer) ‖ 32 zero bytes: what the quote in an RA-TLS certificate carries, and the only other construction.</summary>
    /// <remarks>
    /// Source: docs/attestation.md, clause 2.7. The claims buffer is made by the enclave (<see cref="Dcap.RaTlsEvidence.EncodeClaims"/>). Neither construction can be taken for the other:
    /// whoever found claims whose SHA-512 ends in 32 zero bytes would have broken SHA-512.
    /// </remarks>
    public static ReportData ForRaTls(ReadOnlySpan<byte> claimsBuffer)
    {
        var bytes = new byte[Length];
        SHA256.HashData(claimsBuffer, bytes);
        return new(bytes);
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
