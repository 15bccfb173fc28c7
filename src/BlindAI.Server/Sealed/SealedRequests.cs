using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Hosting;
using BlindAI.Server.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Sealed;

/// <summary>Sealed requests: opens each, has the rest of the pipeline serve what is inside, and seals the answer. Also publishes the key.</summary>
/// <remarks>
/// Until the first chunk has opened, nothing about the sender is known: a key or suite that is not ours is answered so that a client fetches the key again, everything else with
/// the same bytes, whatever was wrong. From then on every answer is sealed, refusals included.
/// Source: RFC 9458; draft-ietf-ohai-chunked-ohttp; docs/wire-protocol.md, clause 10.
/// </remarks>
internal sealed class SealedRequests
{
    private const string KeysCacheControl = "max-age=60";

    private const string PreflightMaxAge = "7200";

    // RFC 9458, section 5.3.
    private static readonly byte[] KeyProblem =
        """{"type":"https://iana.org/assignments/http-problem-types#ohttp-key","title":"The key or the suite is not known here. hint: fetch the key configuration again, and verify it.","status":400}"""u8.ToArray();

    private static readonly byte[] Problem = """{"type":"about:blank","title":"The sealed request cannot be opened.","status":400}"""u8.ToArray();

    // Methods whose requests have content.
    private static readonly string[] ContentMethods = [HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch];

    private readonly RequestDelegate _next;

    private readonly RequestDelegate _serve;

    private readonly SealedRequestKeys _keys;

    private readonly ReplayMemory _replays;

    private readonly string _service;

    private readonly RequestMemory _memory;

    // Of a request whose endpoint states no limit of its own.
    private readonly long _mostContent;

    private readonly ServerMetrics _metrics;

    private readonly IServiceScopeFactory _scopes;

    private readonly ILogger _logger;

    public SealedRequests(
        RequestDelegate next, SealedRequestKeys keys, ReplayMemory replays, EnclaveIdentity identity, TrustConfiguration limits, RequestMemory memory, ServerMetrics metrics, IServiceScopeFactory scopes, ILogger<ErrorAnswers> logger)
    {
        _next = next;
        _serve = new ErrorAnswers(AdmitAsync, metrics, logger).InvokeAsync;
        _keys = keys;
        _replays = replays;
        _service = identity.Service;
        _memory = memory;
        _mostContent = Math.Max(2L * limits.Protocol.MaxRequestBytes, limits.MaxModelBytes);
        _metrics = metrics;
        _scopes = scopes;
        _logger = logger;
    }

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var isKeys = path.Equals(Routes.SealedRequestKeys, StringComparison.OrdinalIgnoreCase);
        if (!context.Request.IsHttps || !(isKeys || path.Equals(Routes.SealedRequests, StringComparison.OrdinalIgnoreCase)))
        {
            return _next(context);
        }

        // Pages of every origin may call: there are no cookies or other credentials here that a browser would add by itself, so a page gets nothing that its author could not get alone.
        context.Response.OnStarting(static state =>
        {
            ((HttpResponse)state).Headers.AccessControlAllowOrigin = "*";
            return Task.CompletedTask;
        }, context.Response);
        var method = isKeys ? HttpMethods.Get : HttpMethods.Post;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            return AnswerPreflight(context.Response, method);
        }

        if (!HttpMethods.Equals(context.Request.Method, method))
        {
            context.Response.Headers.Allow = $"{method}, {HttpMethods.Options}";
            throw new ServingException(ServingCode.MethodNotAllowed, "This path exists with another method.", "docs/wire-protocol.md lists the paths.");
        }

        return isKeys ? WriteKeysAsync(context.Response) : AnswerAsync(context);
    }

    private static Task AnswerPreflight(HttpResponse response, string method)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.AccessControlAllowMethods = method;
        response.Headers.AccessControlAllowHeaders = "content-type, incremental";
        response.Headers.AccessControlMaxAge = PreflightMaxAge;
        return Task.CompletedTask;
    }

    private Task WriteKeysAsync(HttpResponse response)
    {
        response.Headers.CacheControl = KeysCacheControl;
        return WriteAsync(response, MediaTypes.OhttpKeys, _keys.Published.Encoded);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var form = FormOf(context.Request);
        using var memory = _memory.Reserve(context);
        var body = new SealedBody(context.Request.BodyReader, memory, SealedExchange.SealedLimit(_mostContent));
        OhttpRequestOpener? opener = null;
        OhttpReader? message = null;
        try
        {
            try
            {
                opener = await _keys.OpenAsync(body, form, context.RequestAborted);
                message = new(body, opener.Chunks);
                var first = await message.ReadAsync(context.RequestAborted);
                message.AdvanceTo(first.Buffer.Start);
            }
            catch (OhttpException exception)
            {
                await RefuseAsync(context.Response, exception.Fault == OhttpFault.KeyUnknown ? KeyProblem : Problem);
                return;
            }

            _metrics.SealedRequestOpened();
            await ServeAsync(context, opener, message, body);
        }
        finally
        {
            message?.Complete();
            opener?.Dispose();
        }
    }

    private Task RefuseAsync(HttpResponse response, byte[] problem)
    {
        _metrics.RequestRefused((int)ServingCode.RequestMalformed);
        ServerLog.RequestRefused(_logger, (int)ServingCode.RequestMalformed);
        response.StatusCode = StatusCodes.Status400BadRequest;
        response.Headers.CacheControl = "no-store";
        return WriteAsync(response, MediaTypes.ProblemJson, problem);
    }

    private async Task ServeAsync(HttpContext context, OhttpRequestOpener opener, OhttpReader message, SealedBody body)
    {
        var exchange = new SealedExchange(context, opener.Encapsulation, new BinaryHttpReader(message), body);
        await exchange.ReadHeadAsync();
        var isPadded = exchange.Head?.Headers.Any(header => header is { Key: HeaderNames.Padding, Value: "1" }) == true;
        var answer = new SealedAnswer(context.Response, opener.CreateResponseSealer(), isPadded);
        try
        {
            await _serve(InnerContext(context, exchange, answer));
            if (!exchange.IsAborted && !context.RequestAborted.IsCancellationRequested)
            {
                await answer.FinishAsync();
            }
        }
        catch
        {
            // Too late for an answer in clear; an unfinished one must not look finished.
            exchange.Abort();
            throw;
        }
        finally
        {
            await answer.ReleaseAsync();
            exchange.Reader.Complete();
        }
    }

    private DefaultHttpContext InnerContext(HttpContext context, SealedExchange exchange, SealedAnswer answer)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Body = exchange.Reader.AsStream(leaveOpen: true), Protocol = HttpProtocol.Http2 });
        features.Set<IHttpResponseFeature>(answer);
        features.Set<IHttpResponseBodyFeature>(answer);
        features.Set<IHttpRequestLifetimeFeature>(exchange);
        features.Set<IRequestBodyPipeFeature>(exchange);
        features.Set<IHttpMaxRequestBodySizeFeature>(exchange);
        features.Set(exchange);
        features.Set(ProvedConnection.Instance);
        features.Set(context.Features.Get<IHttpConnectionFeature>());
        features.Set(context.Features.Get<IHttpRequestIdentifierFeature>());
        return new(features) { ServiceScopeFactory = _scopes };
    }

    // The first step inside: from here on a refusal is a sealed answer.
    private async Task AdmitAsync(HttpContext context)
    {
        var exchange = context.Features.GetRequiredFeature<SealedExchange>();
        var head = exchange.RequireHead();
        Describe(context.Request, head);
        InnerRules.Check(head, context.Request.Path, _service);
        _replays.Admit(exchange.Encapsulation.Span, InnerRules.DateOf(head));
        if (!ContentMethods.Contains(head.Method))
        {
            await exchange.ExpectNoContentAsync();
        }

        await _next(context);
    }

    private static void Describe(HttpRequest request, BinaryHttpRequestHead head)
    {
        var query = head.Path.IndexOf('?', StringComparison.Ordinal);
        request.Method = head.Method;
        request.Scheme = head.Scheme;
        request.Host = new(head.Authority);
        request.Path = PathString.FromUriComponent(query < 0 ? head.Path : head.Path[..query]);
        request.QueryString = query < 0 ? QueryString.Empty : new(head.Path[query..]);
        foreach (var (name, value) in head.Headers)
        {
            request.Headers.Append(name, value);
        }

        if (ContentMethods.Contains(head.Method))
        {
            request.ContentLength ??= head.ContentLength;
        }
    }

    private static OhttpForm FormOf(HttpRequest request) => request.ContentType switch
    {
        MediaTypes.OhttpChunkedRequest => OhttpForm.Chunked,
        MediaTypes.OhttpRequest => OhttpForm.Single,
        _ => throw new ServingException(ServingCode.RequestMalformed, "The content type is not that of a sealed request.", $"send {MediaTypes.OhttpChunkedRequest} or {MediaTypes.OhttpRequest}."),
    };

    private static async Task WriteAsync(HttpResponse response, string type, ReadOnlyMemory<byte> bytes)
    {
        response.ContentType = type;
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, response.HttpContext.RequestAborted);
    }
}
