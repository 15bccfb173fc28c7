using System.Globalization;
using System.Reflection;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Precision;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Server.Endpoints;

/// <summary>Health and metadata of the Open Inference Protocol v2.</summary>
internal static class MetadataEndpoints
{
    /// <summary>The platform of ONNX models, as Triton names it.</summary>
    private const string Platform = "onnxruntime_onnx";

    /// <summary>The version of this build.</summary>
    public static string ServerVersion { get; } = typeof(MetadataEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static void MapMetadata(this WebApplication app)
    {
        var catalogue = app.Services.GetRequiredService<ModelCatalogue>();
        var health = app.Services.GetRequiredService<HealthAnswers>();
        var server = new ServerMetadata("blindai-server", ServerVersion, ["binary_tensor_data"]);
        app.MapGet(Routes.Live, (RequestDelegate)HealthAnswers.LiveAsync);
        app.MapGet(Routes.Ready, (RequestDelegate)health.ReadyAsync);
        app.MapGet(Routes.Server, (RequestDelegate)(context => JsonAnswer.WriteAsync(context, server, ProtocolJson.Default.ServerMetadata)));
        foreach (var path in new[] { $"{Routes.Models}/{{name}}", $"{Routes.Models}/{{name}}/versions/{{version}}" })
        {
            app.MapGet(path, (RequestDelegate)(context => JsonAnswer.WriteAsync(context, Describe(catalogue, Find(catalogue, context.Request)), ProtocolJson.Default.ModelMetadata)));
            app.MapGet($"{path}/ready", (RequestDelegate)(context =>
            {
                var model = Find(catalogue, context.Request);
                return JsonAnswer.WriteAsync(context, new ModelReadiness(model.Name.Value, Ready: true), ProtocolJson.Default.ModelReadiness);
            }));
        }
    }

    /// <summary>The wire form of an input's or output's description.</summary>
    public static TensorDescription Describe(TensorMetadata tensor) => new(tensor.Name, tensor.Datatype.WireName(), [.. tensor.Shape])
    {
        Parameters = tensor.IsOptional ? new(Optional: true) : null,
    };

    /// <summary>The wire form of what runs in a model's place.</summary>
    public static DerivedModel? Describe(DerivedForm? derived) => derived is null ? null : new()
    {
        Transformation = derived.Transformation,
        Sha256 = derived.Sha256,
        Matrices = derived.Matrices,
        Accuracy = derived.Accuracy is { } note ? new(note.Runs, note.MaxAbsoluteDifference, note.RelativeRms) : null,
    };

    private static ModelDescription Find(ModelCatalogue catalogue, HttpRequest request) =>
        catalogue.Find(request.Namespace(), request.ModelName(), request.ModelVersion())
            ?? throw new ServingException(ServingCode.ModelNotFound, "No such model or version.", "list the models of this namespace.");

    private static ModelMetadata Describe(ModelCatalogue catalogue, ModelDescription model) => new()
    {
        Name = model.Name.Value,
        Versions = [.. catalogue.List(model.Namespace).Where(other => other.Name == model.Name).Select(other => other.Version.ToString(CultureInfo.InvariantCulture))],
        Platform = Platform,
        Inputs = [.. model.Signature.Inputs.Select(Describe)],
        Outputs = [.. model.Signature.Outputs.Select(Describe)],
        Version = model.Version,
        Digest = model.Digest.Value,
        Derived = Describe(model.Derived),
    };
}
