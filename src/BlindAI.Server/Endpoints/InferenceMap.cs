using BlindAI.Protocol;
using BlindAI.Server.Telemetry.Traces;

namespace BlindAI.Server.Endpoints;

/// <summary>Maps inference, which has one handler for its two paths.</summary>
internal static class InferenceMap
{
    public static void MapInference(this WebApplication app)
    {
        var inference = app.Services.GetRequiredService<InferenceEndpoints>();
        app.MapPost($"{Routes.Models}/{{name}}/infer", (RequestDelegate)inference.InferAsync).WithMetadata(TracedRequests.Marker);
        app.MapPost($"{Routes.Models}/{{name}}/versions/{{version}}/infer", (RequestDelegate)inference.InferAsync).WithMetadata(TracedRequests.Marker);
    }
}
