using System.Text.Json;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Inference;

namespace BlindAI.Server.Endpoints;

/// <summary>Triton's model repository extension: the index of a namespace, load and unload.</summary>
/// <remarks>Source: Triton's model repository extension; docs/wire-protocol.md, clause 12.</remarks>
internal static class RepositoryEndpoints
{
    // Bodies hold a few flags. What would be larger, a configuration or files, is refused anyway.
    private const int MaxBodyBytes = 64 * 1024;

    public static void MapRepository(this WebApplication app)
    {
        var catalogue = app.Services.GetRequiredService<ModelCatalogue>();
        app.MapPost($"{Routes.Repository}/index", (RequestDelegate)(async context =>
        {
            var models = catalogue.List(context.Request.Namespace());
            await JsonAnswer.WriteAsync(context, ModelFacts.Index(models, ReadReady(await ReadAsync(context))), ProtocolJson.Default.IReadOnlyListRepositoryEntry);
        }));
        app.MapPost($"{Routes.Repository}/models/{{name}}/load", (RequestDelegate)(async context =>
        {
            var (owner, name) = (context.Request.Namespace(), context.Request.ModelName());
            RefuseLoadParameters(ReadParameters(await ReadAsync(context)));
            await catalogue.LoadAsync(owner, name, context.RequestAborted);
        }));
        app.MapPost($"{Routes.Repository}/models/{{name}}/unload", (RequestDelegate)(async context =>
        {
            var (owner, name) = (context.Request.Namespace(), context.Request.ModelName());
            RefuseUnloadParameters(ReadParameters(await ReadAsync(context)));
            catalogue.Unload(owner, name);
        }));
    }

    /// <summary>A model is loaded as it was uploaded.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static void RefuseLoadParameters(IEnumerable<string> parameters)
    {
        if (parameters.Any())
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "A load takes no parameters: a model is loaded as it was uploaded, configuration and files included.",
                "upload another version (docs/wire-protocol.md, clause 4).");
        }
    }

    /// <summary>No model depends on another, so the one flag that clients always send changes nothing.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static void RefuseUnloadParameters(IEnumerable<string> parameters)
    {
        if (parameters.Any(parameter => parameter != "unload_dependents"))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "An unload takes no parameter but \"unload_dependents\".", "leave the others out.");
        }
    }

    // Clients send nothing, or an object.
    private static async Task<JsonElement?> ReadAsync(HttpContext context)
    {
        var buffer = new byte[MaxBodyBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > MaxBodyBytes)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"A request to the repository has at most {MaxBodyBytes} bytes.");
        }

        if (length == 0)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw Malformed();
        }
        catch (JsonException exception)
        {
            throw JsonFault.Explain(exception, buffer.AsSpan(0, length));
        }
    }

    private static bool ReadReady(JsonElement? body) => body is { } request && request.TryGetProperty("ready", out var ready)
        && (ready.ValueKind is JsonValueKind.True or JsonValueKind.False ? ready.GetBoolean() : throw Malformed());

    private static IEnumerable<string> ReadParameters(JsonElement? body)
    {
        if (body is not { } request || !request.TryGetProperty("parameters", out var parameters))
        {
            return [];
        }

        return parameters.ValueKind == JsonValueKind.Object ? parameters.EnumerateObject().Select(parameter => parameter.Name) : throw Malformed();
    }

    private static ServingException Malformed() =>
        new(ServingCode.RequestMalformed, "A request to the repository is empty, or an object with \"ready\" (index) or an object \"parameters\" (load, unload).");
}
