using BlindAI.Attestation;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Telemetry;
using BlindAI.Server.Telemetry.Traces;
using Microsoft.AspNetCore.Connections;

namespace BlindAI.Server.Endpoints;

/// <summary>What went wrong with a request, as its caller is told: the same in every binding.</summary>
/// <param name="Code">The code.</param>
/// <param name="Error">What happened, with its hint.</param>
/// <param name="Hint">The hint alone; null when there is none.</param>
/// <param name="RetryAfter">How long to wait; null when waiting does not help.</param>
internal sealed record Failure(int Code, string Error, string? Hint = null, TimeSpan? RetryAfter = null)
{
    /// <summary>Names a failure, counts it and logs its code; of a defect of ours also where it happened.</summary>
    public static Failure Report(Exception exception, bool isAborted, ServerMetrics metrics, ILogger logger)
    {
        var failure = Of(exception, isAborted);
        metrics.RequestRefused(failure.Code);
        InferenceTrace.Current?.Failed(failure.Code);
        if (failure.Code == (int)RejectionCode.Internal)
        {
            // The type and the place, never the message: messages of libraries quote what they were given.
            ServerLog.RequestFailed(logger, exception.GetType().FullName!, exception.StackTrace ?? "");
        }
        else
        {
            ServerLog.RequestRefused(logger, failure.Code);
        }

        return failure;
    }

    /// <summary>The code that an exception is answered with.</summary>
    public static int CodeOf(Exception exception, bool isAborted) => Of(exception, isAborted).Code;

    private static Failure Of(Exception exception, bool isAborted) => exception switch
    {
        ServingException serving => new((int)serving.Code, serving.Message, serving.Hint, serving.RetryAfter),
        AttestationException attestation => new((int)attestation.Code, attestation.Message, attestation.Hint),
        BadHttpRequestException bad => Describe(bad),
        ConnectionResetException or ConnectionAbortedException => new((int)ServingCode.Cancelled, "The caller went away."),
        OperationCanceledException or IOException when isAborted => new((int)ServingCode.Cancelled, "The caller went away."),
        OhttpException => new((int)ServingCode.RequestMalformed, "The sealed request ends early or is not valid."),
        InvalidDataException => new((int)ServingCode.RequestMalformed, "The body is not validly compressed."),
        _ => new((int)RejectionCode.Internal, "The server failed; this is a defect of it. hint: report what you did, without data."),
    };

    // Kestrel's own texts may quote a request; its status is enough to say what happened.
    private static Failure Describe(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => new((int)ServingCode.RequestTooLarge, "The request is over the server's limit."),
        StatusCodes.Status408RequestTimeout => new((int)ServingCode.DeadlineExceeded, "The request arrives too slowly. hint: send at least 240 bytes a second."),
        _ => new((int)ServingCode.RequestMalformed, "The request ends early or breaks HTTP."),
    };
}
