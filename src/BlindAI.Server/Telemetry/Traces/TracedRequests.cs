using BlindAI.Server.Endpoints;
using BlindAI.Server.Sealed;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>Makes a span of each request to an endpoint that bears <see cref="Marker"/>. Part of the pipeline only where traces are on.</summary>
internal sealed class TracedRequests(RequestDelegate next, TimeProvider clock)
{
    /// <summary>The metadata of an endpoint whose requests are traced.</summary>
    public static readonly object Marker = new TracedEndpoint();

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<TracedEndpoint>() is null
            || Begin(context, clock) is not { } trace)
        {
            await next(context);
            return;
        }

        await FollowAsync(trace, context, () => next(context));
    }

    /// <summary>Begins the span of a request that came so; null when it is not traced.</summary>
    public static InferenceTrace? Begin(HttpContext context, TimeProvider clock) => InferenceTrace.Start(TraceParentOf(context.Request), TransportOf(context), clock);

    /// <summary>Serves a request and ends its span, with the code of what that throws.</summary>
    public static async Task FollowAsync(InferenceTrace trace, HttpContext context, Func<Task> serve)
    {
        try
        {
            await serve();
        }
        catch (Exception exception)
        {
            trace.Failed(Failure.CodeOf(exception, context.RequestAborted.IsCancellationRequested));
            throw;
        }
        finally
        {
            trace.End();
        }
    }

    // Never tracestate, which may hold anything.
    private static string? TraceParentOf(HttpRequest request) => request.Headers.TraceParent is [var only] ? only : null;

    private static string TransportOf(HttpContext context) =>
        context.Features.Get<SealedExchange>() is not null ? "sealed" : HttpProtocol.IsHttp2(context.Request.Protocol) ? "http/2" : "http/1.1";

    private sealed class TracedEndpoint;
}
