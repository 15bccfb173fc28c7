using System.Reflection;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Server.Endpoints;

/// <summary>Health and metadata of the Open Inference Protocol v2, and Triton's model configuration and statistics.</summary>
internal static class MetadataEndpoints
{
    /// <summary>The version of this build.</summary>
    public static string ServerVersion { get; } = typeof(MetadataEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>What the server says of itself. The extensions have Triton's names.</summary>
    public static ServerMetadata Server { get; } =
        new("blindai-server", ServerVersion, ["binary_tensor_data", "model_configuration", "model_repository", "schedule_policy", "statistics"]);

    public static void MapMetadata(this WebApplication app)
    {
        var catalogue = app.Services.GetRequiredService<ModelCatalogue>();
        var health = app.Services.GetRequiredService<HealthAnswers>();
        app.MapGet(Routes.Live, (RequestDelegate)HealthAnswers.LiveAsync);
        app.MapGet(Routes.Ready, (RequestDelegate)health.ReadyAsync);
        app.MapGet(Routes.Server, (RequestDelegate)(context => JsonAnswer.WriteAsync(context, Server, ProtocolJson.Default.ServerMetadata)));
        app.MapGet(Routes.Statistics, (RequestDelegate)(context =>
            JsonAnswer.WriteAsync(context, ModelFacts.Statistics(catalogue.List(context.Request.Namespace())), ProtocolJson.Default.ModelStatisticsList)));
        foreach (var path in new[] { $"{Routes.Models}/{{name}}", $"{Routes.Models}/{{name}}/versions/{{version}}" })
        {
            app.MapGet(path, (RequestDelegate)(context => JsonAnswer.WriteAsync(context, ModelFacts.Metadata(catalogue, Find(catalogue, context.Request)), ProtocolJson.Default.ModelMetadata)));
            app.MapGet($"{path}/config", (RequestDelegate)(context => JsonAnswer.WriteAsync(context, ModelFacts.Config(Find(catalogue, context.Request)), ProtocolJson.Default.ModelConfig)));
            app.MapGet($"{path}/stats", (RequestDelegate)(context =>
            {
                var (owner, name, version) = (context.Request.Namespace(), context.Request.ModelName(), context.Request.ModelVersion());
                return JsonAnswer.WriteAsync(context, ModelFacts.Statistics(ModelFacts.FindAll(catalogue, owner, name, version)), ProtocolJson.Default.ModelStatisticsList);
            }));
            app.MapGet($"{path}/ready", (RequestDelegate)(context =>
            {
                var model = Find(catalogue, context.Request);
                return JsonAnswer.WriteAsync(context, new ModelReadiness(model.Name.Value, Ready: true), ProtocolJson.Default.ModelReadiness);
            }));
        }
    }

    private static ModelDescription Find(ModelCatalogue catalogue, HttpRequest request) =>
        ModelFacts.Find(catalogue, request.Namespace(), request.ModelName(), request.ModelVersion());
}
