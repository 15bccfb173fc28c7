using System.Globalization;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace BlindAI.Server.Endpoints;

/// <summary>The outermost step of every request: whatever goes wrong inside becomes one JSON answer with its code.</summary>
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

    /// <summary>The code that an exception is answered with.</summary>
    public static int CodeOf(Exception exception, bool isAborted) => Explain(exception, isAborted).Code;

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var isAborted = context.RequestAborted.IsCancellationRequested;
        var (code, error) = Explain(exception, isAborted);
        metrics.RequestRefused(code);
        if (code == (int)RejectionCode.Internal)
        {
            // The type and the place, never the message: messages of libraries quote what they were given.
            ServerLog.RequestFailed(logger, exception.GetType().FullName!, exception.StackTrace ?? "");
        }
        else
        {
            ServerLog.RequestRefused(logger, code);
        }

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

        var hint = exception switch
        {
            ServingException serving => serving.Hint,
            AttestationException attestation => attestation.Hint,
            _ => null,
        };
        await WriteAsync(context, new(error, code, hint), (exception as ServingException)?.RetryAfter);
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

    private static (int Code, string Error) Explain(Exception exception, bool isAborted) => exception switch
    {
        ServingException serving => ((int)serving.Code, serving.Message),
        AttestationException attestation => ((int)attestation.Code, attestation.Message),
        BadHttpRequestException bad => Describe(bad),
        ConnectionResetException or ConnectionAbortedException => ((int)ServingCode.Cancelled, "The caller went away."),
        OperationCanceledException or IOException when isAborted => ((int)ServingCode.Cancelled, "The caller went away."),
        OhttpException => ((int)ServingCode.RequestMalformed, "The sealed request ends early or is not valid."),
        InvalidDataException => ((int)ServingCode.RequestMalformed, "The body is not validly compressed."),
        _ => ((int)RejectionCode.Internal, "The server failed; this is a defect of it. hint: report what you did, without data."),
    };

    // Kestrel's own texts may quote a request; its status is enough to say what happened.
    private static (int Code, string Error) Describe(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => ((int)ServingCode.RequestTooLarge, "The request is over the server's limit."),
        StatusCodes.Status408RequestTimeout => ((int)ServingCode.DeadlineExceeded, "The request arrives too slowly. hint: send at least 240 bytes a second."),
        _ => ((int)ServingCode.RequestMalformed, "The request ends early or breaks HTTP."),
    };
}
