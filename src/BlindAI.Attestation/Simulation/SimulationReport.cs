using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Simulation;

/// <summary>The report of the software stand-in for a TEE: parsed, not yet believed.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 5. Little-endian: magic 16, version u32, report data 64, key length u16, key (SubjectPublicKeyInfo, P-256),
/// signature 64 (ECDSA P-256 with SHA-256 over everything before it, IEEE P1363 form).
/// </remarks>
public sealed record SimulationReport
{
    private const uint KnownVersion = 1;

    private const int SignatureLength = 64;

    /// <summary>The report data that the simulation signed.</summary>
    public required ReportData ReportData { get; init; }

    /// <summary>The SubjectPublicKeyInfo that the report names as its own; whether to believe in it is the policy's decision.</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>The bytes that are signed.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The signature over <see cref="SignedBytes"/>.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    private static ReadOnlySpan<byte> Magic => "BLINDAI-SIMULATE"u8;

    /// <summary>Reads a report.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static SimulationReport Parse(ReadOnlyMemory<byte> bytes)
    {
        var reader = new EvidenceReader(bytes.Span);
        Reject.Unless(reader.ReadBytes(Magic.Length).SequenceEqual(Magic), RejectionCode.EncodingInvalid, "This is not a simulation report.");
        Reject.Unless(reader.ReadUInt32() == KnownVersion, RejectionCode.VersionUnsupported, "The simulation report has another version than 1.");
        var reportData = ReportData.Parse(reader.ReadBytes(ReportData.Length));
        var publicKey = reader.ReadBytes(reader.ReadUInt16()).ToArray();
        var signed = bytes[..reader.Position];
        var signature = reader.ReadBytes(SignatureLength).ToArray();
        reader.ExpectEnd();
        return new() { ReportData = reportData, PublicKey = publicKey, SignedBytes = signed, Signature = signature };
    }

    internal JsonObject ToJson() => new()
    {
        ["key"] = Sha256Digest.Of(PublicKey.Span).ToString(),
        ["report_data"] = Convert.ToHexStringLower(ReportData.Bytes),
    };

    /// <summary>Makes a signed report.</summary>
    internal static byte[] Encode(ReportData reportData, ECDsa key)
    {
        var publicKey = key.ExportSubjectPublicKeyInfo();
        byte[] signed =
        [
            .. Magic,
            .. BitConverter.GetBytes(KnownVersion),
            .. reportData.Bytes,
            .. BitConverter.GetBytes((ushort)publicKey.Length),
            .. publicKey,
        ];
        return [.. signed, .. key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)];
    }
}
