using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace BlindAI.Attestation.Collateral;

/// <summary>Asks an address for collateral: bounded in bytes, time and attempts. Whatever fails is one refusal: the collateral is missing.</summary>
internal sealed class CollateralTransport(HttpMessageInvoker http, CollateralOptions options)
{
    /// <summary>Most bytes of an answer. Intel's largest list has some 10 KiB, its TCB infos some 20 KiB.</summary>
    public const int MaxBodyLength = 1024 * 1024;

    private const int MaxAttempts = 3;

    private const int FirstCapacity = 32 * 1024;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Asks, and asks again where the failure may pass: no answer, 408, 429 and 5xx.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>.</exception>
    public async Task<CollateralAnswer> GetAsync(CollateralRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var limit = new CancellationTokenSource(options.Timeout, options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            TimeSpan? told = null;
            Exception? cause = null;
            string fault;
            try
            {
                using var message = new HttpRequestMessage(HttpMethod.Get, request.Url);
                using var response = await http.SendAsync(message, either.Token).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return await ReadAsync(request, response, either.Token).ConfigureAwait(false);
                }

                if (!MayPass(response.StatusCode))
                {
                    throw Missing(request.Url, $"answered {(int)response.StatusCode}", HintOf(response.StatusCode));
                }

                (fault, told) = ($"answered {(int)response.StatusCode}", RetryAfter(response));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                fault = $"did not answer within {options.Timeout.TotalSeconds:0} s";
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                (fault, cause) = ("could not be reached", exception);
            }

            if (attempt == MaxAttempts || told > LongestWait)
            {
                throw Missing(request.Url, fault, told is { } time ? $"try again in {Math.Ceiling(time.TotalSeconds):0} s." : "try again; or pass the collateral from a folder.", cause);
            }

            await Task.Delay(told ?? WaitAfter(attempt), options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    // A caller's own handler may follow redirects; an answer from elsewhere is not taken.
    private static async Task<CollateralAnswer> ReadAsync(CollateralRequest request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.RequestMessage?.RequestUri is { } answered && answered != request.Url)
        {
            throw Missing(request.Url, "sent the request elsewhere", "name the address that answers itself.");
        }

        var body = await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false)
            ?? throw Missing(request.Url, $"answered with more than {MaxBodyLength} bytes", "is it the right address?");
        return new(body, ReadChain(request, response));
    }

    private static ReadOnlyMemory<byte>? ReadChain(CollateralRequest request, HttpResponseMessage response)
    {
        foreach (var name in request.ChainHeaders)
        {
            if (response.Headers.TryGetValues(name, out var values))
            {
                // Percent-encoded PEM in one line. A plus is a plus: this is no form.
                return Encoding.UTF8.GetBytes(Uri.UnescapeDataString(string.Join(", ", values)));
            }
        }

        return request.ChainHeaders.Count == 0 ? null : throw Missing(request.Url, $"answered without the header \"{request.ChainHeaders[0]}\"", "is a proxy or cache in between that drops it?");
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxBodyLength)
        {
            return null;
        }

        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[FirstCapacity];
            var length = 0;
            while (await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false) is var read and > 0)
            {
                length += read;
                if (length > MaxBodyLength)
                {
                    return null;
                }

                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(2 * length, MaxBodyLength + 1));
                }
            }

            return buffer[..length];
        }
    }

    private static bool MayPass(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;

    private static string HintOf(HttpStatusCode status) => (int)status switch
    {
        404 => "the vendor publishes nothing for this platform under this address.",
        >= 300 and < 400 => "redirects are not followed; name the address that answers itself.",
        _ => "is it the right address?",
    };

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > options.TimeProvider.GetUtcNow() => date - options.TimeProvider.GetUtcNow(),
        _ => null,
    };

    // Between half and all of 0.5 s, 1 s, …: clients that failed together do not come back together.
    private static TimeSpan WaitAfter(int attempt)
    {
        var most = FirstWait * Math.Pow(2, attempt - 1);
        return (most / 2) + (most / 2 * (RandomNumberGenerator.GetInt32(1001) / 1000.0));
    }

    private static AttestationException Missing(Uri url, string fault, string hint, Exception? cause = null) =>
        new(RejectionCode.CollateralMissing, string.Create(CultureInfo.InvariantCulture, $"Collateral could not be fetched: {url.Host} {fault}."), hint, cause);
}
