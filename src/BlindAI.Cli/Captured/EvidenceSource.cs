using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Cli.Captured;

/// <summary>Evidence that lies in a folder or file, with what belongs to it. Read, not believed.</summary>
internal sealed record EvidenceSource
{
    /// <summary>The TEE.</summary>
    public required TeeKind Tee { get; init; }

    /// <summary>The evidence with its collateral.</summary>
    public required TeeEvidence Evidence { get; init; }

    /// <summary>The instant that the source names for the verification; null where it names none.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What the evidence must answer.</summary>
    public EvidenceChallenge Challenge { get; init; } = EvidenceChallenge.DangerouslyNone;

    /// <summary>The evidence object that it came in; null for bare evidence.</summary>
    public RecordedExchange? Exchange { get; init; }

    /// <summary>Reads a folder with a <c>case.json</c>, a file of <c>attest --save</c>, an evidence object, or bare evidence.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="tee">The TEE, where the caller names it.</param>
    /// <param name="collateral">A folder of collateral; what lies there counts before what came along.</param>
    /// <exception cref="UsageException">Nothing is there or can be read, or the TEE is not to be told.</exception>
    /// <exception cref="AttestationException">The 1xx and 2xx families.</exception>
    public static EvidenceSource Read(string path, TeeKind? tee, string? collateral)
    {
        var source = Directory.Exists(path) ? OfFolder(path) : OfFile(path, tee);
        if (tee is not null && source.Tee != tee)
        {
            throw new UsageException($"The evidence is of {source.Tee}, not of {tee}.", "leave --tee out.");
        }

        return collateral is null ? source : source with { Evidence = source.Evidence.With(ReadCollateral(collateral)) };
    }

    /// <summary>The same with what the caller expects of it, in place of what the source says.</summary>
    /// <param name="nonce">The nonce: of the claims where there are any, else exactly the field that the TEE signs.</param>
    /// <param name="reportData">The 64 bytes of report data.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ValueInvalid"/>: a length is wrong.</exception>
    public EvidenceSource Expecting(byte[]? nonce, byte[]? reportData) => (nonce, reportData) switch
    {
        (null, null) => this,
        ({ } value, _) when Exchange is null => this with { Challenge = EvidenceChallenge.Exactly(value) },
        ({ } value, _) => OfItem(Exchange with { Nonce = Nonce.Parse(value) }, Evidence, Tee),
        (_, { } value) => this with { Challenge = EvidenceChallenge.ForClaims(ReportData.Parse(value), null) },
    };

    private static EvidenceSource OfFolder(string path)
    {
        if (!File.Exists(Path.Combine(path, CapturedEvidence.CaseFile)))
        {
            throw new UsageException($"The folder {path} has no {CapturedEvidence.CaseFile}.", "pass the file with the evidence, and its folder as --collateral DIR.");
        }

        var captured = CapturedEvidence.ReadFolder(path);
        return new() { Tee = captured.Tee, Evidence = captured.Evidence, At = captured.At, Challenge = captured.Challenge };
    }

    private static EvidenceSource OfFile(string path, TeeKind? tee)
    {
        var bytes = LocalFile.Read(path, CapturedEvidence.MaxFileLength);
        return EvidenceGuess.IsJson(bytes) ? OfExchange(RecordedExchange.ReadJson(bytes), tee)
            : EvidenceGuess.IsEvidenceObjectCbor(bytes) ? OfExchange(new() { Value = EvidenceObjectCbor.Parse(bytes) }, tee)
            : (tee ?? EvidenceGuess.Of(bytes)) is { } known ? new() { Tee = known, Evidence = new(known.EvidenceType, bytes) }
            : throw new UsageException("The bytes do not say which TEE they are of.", $"pass --tee {string.Join('|', TeeKind.All)}.");
    }

    // Of several items the first that this build can verify, unless the caller names another.
    private static EvidenceSource OfExchange(RecordedExchange exchange, TeeKind? tee)
    {
        var items = exchange.Value.Evidence.Select(item => (Item: item, Tee: TeeKind.FindByEvidenceType(item.Type))).Where(pair => pair.Tee is not null && (tee is null || pair.Tee == tee)).ToList();
        var (item, kind) = items.OrderBy(pair => TeeVerifiers.All.Any(verifier => verifier.Tee == pair.Tee) ? 0 : 1).FirstOrDefault();
        return item is null
            ? throw new AttestationException(RejectionCode.TeeUnsupported, $"The evidence object has no evidence of {tee?.Name ?? "a TEE that this version knows"}.")
            : OfItem(exchange, item, kind!);
    }

    private static EvidenceSource OfItem(RecordedExchange exchange, TeeEvidence item, TeeKind tee) => new()
    {
        Tee = tee,
        Evidence = item,
        At = exchange.ReceivedAt,
        Challenge = EvidenceChallenge.ForClaims(ReportData.ForClaims(exchange.Value.EncodedClaims.Span), exchange.Nonce),
        Exchange = exchange,
    };

    private static IReadOnlyDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> ReadCollateral(string folder) => Directory.Exists(folder)
        ? CapturedEvidence.ReadCollateral(folder)
        : throw new UsageException($"The folder {folder} does not exist.", "check the path of --collateral.");
}
