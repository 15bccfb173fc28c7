using System.Globalization;
using System.Text.Json;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Collateral;

/// <summary>Evidence that somebody recorded into a folder, with its collateral and the instant of the recording: the layout of test vectors.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 16. <c>case.json</c> names the TEE, the files by role, <c>verify_at</c> and the expected nonce. Nothing in the folder is
/// trusted: roots that lie in it are not even read.
/// </remarks>
public sealed class CapturedEvidence
{
    /// <summary>The file that describes the folder.</summary>
    public const string CaseFile = "case.json";

    /// <summary>Most bytes of one file.</summary>
    public const int MaxFileLength = 1024 * 1024;

    private static readonly string[] EvidenceRoles = ["quote", "report", "document", "tpm_quote_msg", "token"];

    private static readonly HashSet<string> CollateralRoles =
    [
        EndorsementName.TcbInfo, EndorsementName.TcbInfoIssuerChain, EndorsementName.QeIdentity, EndorsementName.QeIdentityIssuerChain,
        EndorsementName.PckCrl, EndorsementName.PckCrlIssuerChain, EndorsementName.RootCaCrl, EndorsementName.PckChain,
        EndorsementName.Leaf, EndorsementName.Ask, EndorsementName.Ark, EndorsementName.Crl, EndorsementName.CertTable,
        EndorsementName.TpmQuoteSignature, EndorsementName.HclReport, EndorsementName.Pcrs, EndorsementName.Quote,
        EndorsementName.CertChain, EndorsementName.DriverRim, EndorsementName.VbiosRim,
    ];

    /// <summary>The TEE that the folder says it is of.</summary>
    public required TeeKind Tee { get; init; }

    /// <summary>The evidence with its collateral.</summary>
    public required TeeEvidence Evidence { get; init; }

    /// <summary>The instant to verify at; null where the folder names none.</summary>
    public required DateTimeOffset? At { get; init; }

    /// <summary>What the evidence must answer; <see cref="EvidenceChallenge.DangerouslyNone"/> where the folder names nothing.</summary>
    public required EvidenceChallenge Challenge { get; init; }

    /// <summary>Reads a folder with a <c>case.json</c>.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.TeeUnsupported"/>.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static CapturedEvidence ReadFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        try
        {
            using var document = JsonDocument.Parse(ReadFile(Path.Combine(folder, CaseFile)));
            return Read(folder, document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, $"{CaseFile} is not the description of captured evidence.", "docs/attestation.md, clause 16, shows its layout.", exception);
        }
    }

    /// <summary>Reads the files of a folder that are named after collateral, whatever their ending: <c>tcb_info.json</c>, <c>leaf.der</c>.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TooLarge"/>; <see cref="RejectionCode.MemberDuplicate"/>: two files of one name.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> ReadCollateral(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var collateral = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var role = Path.GetFileNameWithoutExtension(file);
            Reject.Unless(!CollateralRoles.Contains(role) || collateral.TryAdd(role, [ReadFile(file)]), RejectionCode.MemberDuplicate, $"The folder has two files of the name \"{role}\".");
        }

        return collateral;
    }

    private static CapturedEvidence Read(string folder, JsonElement description)
    {
        var name = description.GetProperty("tee").GetString() ?? "";
        var tee = TeeKind.FindByName(name) ?? throw new AttestationException(RejectionCode.TeeUnsupported, $"{CaseFile} names a TEE that this version does not know.");
        ReadOnlyMemory<byte> data = default;
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal);
        var evidenceRole = EvidenceRole(tee);
        foreach (var file in description.GetProperty("files").EnumerateObject())
        {
            if (file.Name == evidenceRole)
            {
                data = ReadFile(PathOf(folder, file.Value));
            }
            else if (CollateralRoles.Contains(file.Name))
            {
                Reject.Unless(endorsements.TryAdd(file.Name, [ReadFile(PathOf(folder, file.Value))]), RejectionCode.MemberDuplicate, $"{CaseFile} names the file of \"{file.Name}\" twice.");
            }
        }

        return new()
        {
            Tee = tee,
            Evidence = new(tee.EvidenceType, data, endorsements),
            At = description.TryGetProperty("verify_at", out var at) && at.ValueKind != JsonValueKind.Null
                ? DateTimeOffset.Parse(at.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)
                : null,
            Challenge = description.TryGetProperty("expect", out var expect) && expect.TryGetProperty("expected_nonce", out var nonce) && nonce.GetString() is { } hex
                ? EvidenceChallenge.Exactly(ReadNonce(hex))
                : EvidenceChallenge.DangerouslyNone,
        };
    }

    private static string EvidenceRole(TeeKind tee) =>
        tee == TeeKind.Sgx || tee == TeeKind.Tdx ? EvidenceRoles[0]
        : tee == TeeKind.Nitro ? EvidenceRoles[2]
        : tee == TeeKind.AzureVtpm ? EvidenceRoles[3]
        : tee == TeeKind.ArmCca ? EvidenceRoles[4]
        : EvidenceRoles[1];

    private static string PathOf(string folder, JsonElement file)
    {
        var name = file.GetProperty("name").GetString() ?? "";
        Reject.Unless(name.Length > 0 && name == Path.GetFileName(name) && name is not ("." or "..") && !name.Any(char.IsControl), RejectionCode.ValueInvalid, $"{CaseFile} names a file outside its folder.");
        return Path.Combine(folder, name);
    }

    // An empty value would expect nothing: who writes the member expects something.
    private static byte[] ReadNonce(string hex)
    {
        Reject.Unless(hex.Length > 0, RejectionCode.ValueInvalid, $"\"expected_nonce\" of {CaseFile} is empty.", "remove the member where nothing is expected.");
        return Convert.FromHexString(hex);
    }

    // A link may lead anywhere, and a device has no end.
    private static byte[] ReadFile(string path)
    {
        Reject.Unless(new FileInfo(path).LinkTarget is null, RejectionCode.ValueInvalid, $"{Path.GetFileName(path)} is a link.", "copy the file itself into the folder.");
        using var stream = File.OpenRead(path);
        Reject.Unless(stream.Length <= MaxFileLength, RejectionCode.TooLarge, $"{Path.GetFileName(path)} has {stream.Length} bytes; the limit is {MaxFileLength}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
