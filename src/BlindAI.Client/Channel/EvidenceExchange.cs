using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Asks a server to prove itself, and judges the proof. This is all that is ever said to an unverified server: a path or a preface, and a random number.</summary>
internal sealed class EvidenceExchange(Uri server, AttestationPolicy policy, BlindAIClientOptions options)
{
    /// <summary>Longest time between sending the nonce and holding the evidence (docs/attestation.md, clause 6).</summary>
    private static readonly TimeSpan NonceLifetime = TimeSpan.FromSeconds(60);

    /// <summary>Longest time for fetching collateral, all of it together.</summary>
    public static readonly TimeSpan CollateralLifetime = TimeSpan.FromSeconds(90);

    private volatile EvidenceTranscript? _transcript;

    /// <summary>The exchange that was verified last.</summary>
    public EvidenceTranscript Transcript => _transcript ?? throw new InvalidOperationException("No enclave has been verified.");

    /// <summary>Nothing is sent, not even a nonce, under a policy that could not be met.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyExpired"/>.</exception>
    public void RequireValidPolicy() => policy.RequireValidAt(options.TimeProvider.GetUtcNow());

    /// <summary>Asks for evidence over HTTP, on a connection of its own.</summary>
    /// <exception cref="AttestationException">The policy cannot be met so, or there is no evidence that parses.</exception>
    public Task<EvidenceTranscript> FetchAsync(CancellationToken cancellationToken)
    {
        RequireValidPolicy();
        if (policy.Binder != BinderRequirement.Preferred)
        {
            throw new AttestationException(RejectionCode.PolicyUnsupported, $"The policy requires a channel binder, and there is none in {options.Channel.ToString().ToLowerInvariant()} mode.",
                "connect in gated mode, or use \"binder\": \"preferred\".");
        }

        return FetchAsync(server, options, cancellationToken);
    }

    /// <summary>Verifies what came of an exchange.</summary>
    /// <param name="transcript">What was sent, seen and received.</param>
    /// <param name="started">The clock's timestamp before the nonce was sent.</param>
    /// <param name="cancellationToken">Ends the fetching of collateral.</param>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public async Task<VerifiedEnclave> VerifyAsync(EvidenceTranscript transcript, long started, CancellationToken cancellationToken)
    {
        if (options.TimeProvider.GetElapsedTime(started) > NonceLifetime)
        {
            throw new AttestationException(RejectionCode.EvidenceLate, $"The evidence took longer than {NonceLifetime.TotalSeconds:0} s.", "try again; a server under load answers late.");
        }

        var evidence = await CompleteAsync(transcript.Evidence, cancellationToken).ConfigureAwait(false);
        var enclave = EnclaveVerifier.Verify(evidence, transcript.Seen, policy, options.TimeProvider.GetUtcNow());
        _transcript = transcript;
        return enclave;
    }

    /// <summary>Fetches evidence for a fresh nonce, without judging it.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>, or the evidence does not parse.</exception>
    public static async Task<EvidenceTranscript> FetchAsync(Uri server, BlindAIClientOptions options, CancellationToken cancellationToken)
    {
        var observer = new TlsObserver();
        var nonce = Nonce.Create();
        using var handler = options.Channel == ChannelMode.Sealed ? TlsHandlers.CreateForProxies(options.ConnectTimeout) : TlsHandlers.Create(observer.Observe, options.ConnectTimeout);
        handler.MaxConnectionsPerServer = 1;
        using var http = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, Routes.Attestation))
        {
            Content = new StringContent($"{{\"nonce\":\"{StrictBase64Url.Encode(nonce.Bytes.Span)}\"}}", Encoding.ASCII, new MediaTypeHeaderValue(MediaTypes.Json)),
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NonceLifetime + options.ConnectTimeout);
        try
        {
            using var response = await http.SendAsync(request, limit.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw Unavailable($"The server answered {(int)response.StatusCode} where its evidence should be.", "check that the URL is that of a BlindAI server's attested port.");
            }

            var encoded = await BoundedContent.ReadAsync(response.Content, EvidenceObject.MaxEncodedLength, limit.Token).ConfigureAwait(false)
                ?? throw new AttestationException(RejectionCode.TooLarge, $"The evidence object is over {EvidenceObject.MaxEncodedLength} bytes.");
            return new()
            {
                Seen = options.Channel == ChannelMode.Sealed
                    ? new SealedObservation { Nonce = nonce, Host = server.IdnHost }
                    : new TlsObservation
                    {
                        Nonce = nonce,
                        Host = server.IdnHost,
                        TlsCertificate = observer.Certificate ?? throw new AttestationException(RejectionCode.Internal, "The exchange showed no certificate."),
                        TlsIntermediates = observer.Intermediates,
                    },
                Evidence = EvidenceObjectJson.Parse(encoded),
                Encoded = encoded,
                ReceivedAt = options.TimeProvider.GetUtcNow(),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable("The server gave no evidence in time.", "try again; a server under load answers late.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw Unavailable($"The server could not be asked for evidence ({HttpFaults.Describe(exception)}).", "check the URL and that the server runs; nothing was sent.", exception);
        }
    }

    // Only for TEEs that the policy names, and for the first item of each: a server must not make this client ask its vendors without end.
    private async Task<EvidenceObject> CompleteAsync(EvidenceObject value, CancellationToken cancellationToken)
    {
        if (options.Collateral is not { } collateral)
        {
            return value;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CollateralLifetime);
        var open = policy.Accept.Select(entry => entry.Tee.EvidenceType).ToHashSet(StringComparer.Ordinal);
        var items = value.Evidence.ToList();
        try
        {
            for (var index = 0; index < items.Count; index++)
            {
                if (open.Remove(items[index].Type))
                {
                    items[index] = await collateral.CompleteAsync(items[index], limit.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AttestationException(RejectionCode.CollateralMissing, $"Collateral could not be fetched within {CollateralLifetime.TotalSeconds:0} s.", "try again; a cache of one's own (PCCS) is faster.");
        }

        return value with { Evidence = items };
    }

    /// <exception cref="ArgumentException">The URL is not absolute or begins with something else.</exception>
    public static void RequireHttps(Uri server)
    {
        if (!server.IsAbsoluteUri || server.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException("The server's URL must begin with https://.", nameof(server));
        }
    }

    private static AttestationException Unavailable(string message, string hint, Exception? inner = null) => new(RejectionCode.EvidenceUnavailable, message, hint, inner);
}
