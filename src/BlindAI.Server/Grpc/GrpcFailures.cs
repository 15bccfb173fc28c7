using System.Globalization;
using System.Text;
using BlindAI.Protocol;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Sealed;
using BlindAI.Server.Telemetry;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary>Refusals in gRPC's form: a status, a message, and the trailers <c>blindai-code</c>, <c>blindai-hint</c> and <c>retry-after</c>.</summary>
/// <remarks>Source: gRPC over HTTP/2, "Responses" (Trailers-Only, Percent-Encoded); docs/wire-protocol.md, clause 11.</remarks>
internal sealed class GrpcFailures(ServerMetrics metrics, ILogger<GrpcFailures> logger)
{
    /// <summary>The content type, which may be followed by a codec's name.</summary>
    public const string ContentType = "application/grpc";

    /// <summary>What is accepted of <c>grpc-encoding</c>.</summary>
    public const string AcceptedEncodings = "identity,gzip,deflate";

    private const string Code = "blindai-code";

    private const string Hint = "blindai-hint";

    private const string RetryAfter = "retry-after";

    // Trailers are headers, of which clients take a few kilobytes in all; a message that lists the inputs of a model may be longer.
    private const int MaxTextLength = 1024;

    /// <summary>Whether an answer to the request has to be gRPC's. Sealed requests carry none, whatever they say.</summary>
    public static bool IsGrpc(HttpRequest request) => request.ContentType is { } type && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (type.Length == ContentType.Length || type[ContentType.Length] is '+' or ';') && HttpProtocol.IsHttp2(request.Protocol) && request.HttpContext.Features.Get<SealedExchange>() is null;

    /// <summary>Answers with a failure and nothing else, where no gRPC call has begun.</summary>
    public static void Write(HttpContext context, Failure failure)
    {
        var response = context.Response;
        response.Clear();
        response.ContentType = ContentType;
        response.Headers.GrpcStatus = ((int)GrpcStatus.Of(failure.Code)).ToString(CultureInfo.InvariantCulture);
        response.Headers.GrpcMessage = Encode(failure.Error);
        response.Headers["grpc-accept-encoding"] = AcceptedEncodings;
        foreach (var (key, value) in Trailers(failure))
        {
            response.Headers[key] = value;
        }
    }

    /// <summary>Turns what a call threw into what the library answers with, and counts it.</summary>
    public RpcException Convert(Exception exception, ServerCallContext call) => exception as RpcException ?? Convert(Report(exception, call));

    /// <summary>Names a call's failure and counts it.</summary>
    public Failure Report(Exception exception, ServerCallContext call)
    {
        // The library's deadline cancels the call, while the caller's connection stays.
        var isAborted = call.GetHttpContext().RequestAborted.IsCancellationRequested;
        var isLate = !isAborted && call.CancellationToken.IsCancellationRequested && exception is OperationCanceledException or InvalidOperationException && call.Deadline != DateTime.MaxValue;
        return Failure.Report(isLate ? Late(exception) : exception, isAborted, metrics, logger);
    }

    /// <summary>Counts a failure that was found before there was a call.</summary>
    public RpcException Convert(Exception exception) => Convert(Failure.Report(exception, isAborted: false, metrics, logger));

    /// <summary>Gives a refusal of the library's own a code of ours: the answer has not been sent, since it is nothing but its headers.</summary>
    public void Name(HttpResponse response)
    {
        if (response.HasStarted || response.Headers.ContainsKey(Code) || !int.TryParse(response.Headers.GrpcStatus, NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status == 0)
        {
            return;
        }

        var failure = (StatusCode)status switch
        {
            StatusCode.ResourceExhausted => new ServingException(ServingCode.RequestTooLarge, "The message is over the server's limit.", "send fewer tensors at once, or ask the operator for a higher limit."),
            StatusCode.Unimplemented => new ServingException(ServingCode.RouteNotFound, "There is no such method.", "docs/wire-protocol.md lists the methods."),
            StatusCode.DeadlineExceeded => Late(inner: null),
            StatusCode.Cancelled => new ServingException(ServingCode.Cancelled, "The caller went away."),
            _ => new ServingException(ServingCode.RequestMalformed, "The message ends early, or breaks gRPC."),
        };
        Write(response.HttpContext, Failure.Report(failure, isAborted: false, metrics, logger));
    }

    private static ServingException Late(Exception? inner) => new(ServingCode.DeadlineExceeded, "The time that the request allows is over.", innerException: inner);

    private static RpcException Convert(Failure failure)
    {
        var trailers = new Metadata();
        foreach (var (key, value) in Trailers(failure))
        {
            trailers.Add(key, value);
        }

        return new(new Status(GrpcStatus.Of(failure.Code), Shorten(failure.Error)), trailers);
    }

    private static IEnumerable<(string Key, string Value)> Trailers(Failure failure)
    {
        yield return (Code, failure.Code.ToString(CultureInfo.InvariantCulture));
        if (failure.Hint is { } hint)
        {
            yield return (Hint, Encode(hint));
        }

        if (failure.RetryAfter is { } wait)
        {
            yield return (RetryAfter, Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static string Shorten(string text) => text.Length <= MaxTextLength ? text : $"{text.AsSpan(0, MaxTextLength)}...";

    // As gRPC encodes a message: names of tensors may hold anything, and a header may not.
    private static string Encode(string text)
    {
        var encoded = new StringBuilder();
        foreach (var part in Encoding.UTF8.GetBytes(Shorten(text)))
        {
            _ = part is >= 0x20 and <= 0x7E and not (byte)'%' ? encoded.Append((char)part) : encoded.Append(CultureInfo.InvariantCulture, $"%{part:X2}");
        }

        return encoded.ToString();
    }
}
