using System.Net;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Collateral;

/// <summary>Fetches what vendors publish about the hardware that made evidence. A step before verification, never a part of it.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 16. It reads evidence that nobody has verified yet, to know what to ask for: addresses come from options alone, and only
/// numbers of fixed length from the evidence. What it brings is not trusted; verifiers check it like everything else.
/// </remarks>
/// <param name="http">Sends the requests; <see cref="CreateHandler"/> makes a fitting handler. The caller disposes of it.</param>
/// <param name="options">Where to fetch from.</param>
public sealed class CollateralClient(HttpMessageInvoker http, CollateralOptions? options = null)
{
    private readonly CollateralOptions _options = options ?? new();

    private readonly CollateralTransport _transport = new(http ?? throw new ArgumentNullException(nameof(http)), options ?? new());

    /// <summary>A handler with everything off that could leak or lead elsewhere: redirects, cookies, proxies, decompression, tracing headers.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
    };

    /// <summary>Gives evidence the collateral of its vendor. Evidence of a TEE whose collateral comes along with it is returned as it is.</summary>
    /// <remarks>What changes over time (TCB info, identities, revocation lists) is always fetched and counts before what came along; AMD's certificates only where none that fit came along.</remarks>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>: something could not be fetched; or the evidence does not parse.</exception>
    public Task<TeeEvidence> CompleteAsync(TeeEvidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return CompleteAsync(evidence, CollateralPlan.Of(evidence, _options), cancellationToken);
    }

    internal async Task<TeeEvidence> CompleteAsync(TeeEvidence evidence, IEnumerable<CollateralRequest> plan, CancellationToken cancellationToken)
    {
        var fetched = await Task.WhenAll(plan.Select(request => FetchAsync(request, cancellationToken))).ConfigureAwait(false);
        return evidence.With(fetched.SelectMany(parts => parts).ToDictionary(StringComparer.Ordinal));
    }

    private async Task<IEnumerable<KeyValuePair<string, IReadOnlyList<ReadOnlyMemory<byte>>>>> FetchAsync(CollateralRequest request, CancellationToken cancellationToken)
    {
        var now = _options.TimeProvider.GetUtcNow();
        if (_options.Cache?.Find(request.Url, request.MaxAge, now) is { } kept)
        {
            return Read(request, kept, out _);
        }

        var answer = await _transport.GetAsync(request, cancellationToken).ConfigureAwait(false);
        var endorsements = Read(request, answer, out var end);
        var latest = now + request.MaxAge;
        _options.Cache?.Keep(request.Url, answer, now, end < latest ? end : latest);
        return endorsements;
    }

    // An error page with status 200 is as good as no answer, and is never kept.
    private static IEnumerable<KeyValuePair<string, IReadOnlyList<ReadOnlyMemory<byte>>>> Read(CollateralRequest request, CollateralAnswer answer, out DateTimeOffset end)
    {
        try
        {
            end = answer.EndOfValidity(request.Form);
            return answer.Endorsements(request);
        }
        catch (AttestationException exception)
        {
            throw new AttestationException(RejectionCode.CollateralMissing, $"Collateral could not be fetched: {request.Url.Host} answered with something else than \"{request.Names[0]}\".",
                "is it the right address?", exception);
        }
    }
}
