using BlindAI.Protocol;

namespace BlindAI.Server.Endpoints;

/// <summary>Health in the form that both kinds of client take: a status for Triton's, a JSON body for KServe's.</summary>
internal sealed class HealthAnswers(IHostApplicationLifetime lifetime)
{
    private static readonly byte[] Live = "{\"live\":true}"u8.ToArray();

    private static readonly byte[] Ready = "{\"ready\":true}"u8.ToArray();

    public static Task LiveAsync(HttpContext context) => WriteAsync(context, Live);

    public Task ReadyAsync(HttpContext context) => lifetime.ApplicationStopping.IsCancellationRequested
        ? throw new ServingException(ServingCode.ShuttingDown, "The server is stopping.", "send to another replica.")
        : WriteAsync(context, Ready);

    private static Task WriteAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = MediaTypes.Json;
        context.Response.ContentLength = json.Length;
        return context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }
}
