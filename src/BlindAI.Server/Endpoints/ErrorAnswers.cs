using System.Globalization;
using System.Text.Json;
using BlindAI.Protocol;
using BlindAI.Server.Grpc;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>The outermost step of every request: whatever goes wrong inside becomes one answer with its code: JSON, or for gRPC a status.</summary>
internal sealed class ErrorAnswers(RequestDelegate next, ServerMetrics metrics, ILogger<ErrorAnswers> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            ThrowForBareStatus(context.Response);
        }
        catch (Exception exception)
        {
            await AnswerAsync(context, exception);
        }
    }

    // Routing answers an unknown path or method with a status and no body; a client of ours wants the code.
    private static void ThrowForBareStatus(HttpResponse response)
    {
        if (response.HasStarted || response.ContentType is not null)
        {
            return;
        }

        if (response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            throw new ServingException(ServingCode.MethodNotAllowed, "This path exists with another method.", "docs/wire-protocol.md lists the paths.");
        }

        if (response.StatusCode == StatusCodes.Status404NotFound)
        {
            throw new ServingException(ServingCode.RouteNotFound, "There is no such path.", "docs/wire-protocol.md lists the paths.");
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var isAborted = context.RequestAborted.IsCancellationRequested;
        var failure = Failure.Report(exception, isAborted, metrics, logger);
        if (isAborted)
        {
            return;
        }

        if (context.Response.HasStarted)
        {
            // Too late for an answer of our own; an unfinished one must not look finished.
            context.Abort();
            return;
        }

        if (GrpcFailures.IsGrpc(context.Request))
        {
            GrpcFailures.Write(context, failure);
            return;
        }

        await WriteAsync(context, new(failure.Error, failure.Code, failure.Hint), failure.RetryAfter);
    }

    private static async Task WriteAsync(HttpContext context, ErrorBody error, TimeSpan? retryAfter)
    {
        var response = context.Response;
        var code = error.Code;
        var allow = response.Headers.Allow;
        response.Clear();
        response.StatusCode = HttpStatus.Of(code);
        response.Headers.Allow = allow;
        response.ContentType = MediaTypes.Json;
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (code == (int)ServingCode.EncodingUnsupported)
        {
            response.Headers.AcceptEncoding = HttpMethods.IsPut(context.Request.Method) ? "identity" : "gzip, deflate";
        }

        if (code is (int)ServingCode.RequestTooLarge or (int)ServingCode.DeadlineExceeded or (int)ServingCode.UploadIncomplete && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            // What is still on its way will not be read.
            response.Headers.Connection = "close";
        }

        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        error.Write(writer);
    }
}
