using System.Runtime.ExceptionServices;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>Upload, list and delete models.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 4.</remarks>
internal static class ModelEndpoints
{
    public static void MapModels(this WebApplication app)
    {
        var catalogue = app.Services.GetRequiredService<ModelCatalogue>();
        var longest = app.Services.GetRequiredService<ModelLimits>().MaxTimeToLive;
        var metrics = app.Services.GetRequiredService<ServerMetrics>();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ModelEndpoints));
        foreach (var path in new[] { $"{Routes.Models}/{{name}}", $"{Routes.Models}/{{name}}/versions/{{version}}" })
        {
            app.MapPut(path, (RequestDelegate)(context => UploadAsync(context, catalogue, longest, metrics, logger)));
            app.MapDelete(path, (RequestDelegate)(context =>
            {
                var (owner, name) = (context.Request.Namespace(), context.Request.ModelName());
                catalogue.Delete(owner, name, context.Request.ModelVersion());
                ServerLog.ModelDeleted(logger, owner.Value, name.Value);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }));
        }

        app.MapGet(Routes.Models, (RequestDelegate)(context => JsonAnswer.WriteAsync(context, List(catalogue.List(context.Request.Namespace())), ProtocolJson.Default.ModelList)));
    }

    private static async Task UploadAsync(HttpContext context, ModelCatalogue catalogue, TimeSpan longest, ServerMetrics metrics, ILogger logger)
    {
        var request = context.Request;
        var options = UploadParameters.Read(request.Query, longest);
        var format = BundleFormats.Find(request.ContentType) ?? throw new ServingException(ServingCode.BundleInvalid, "The content type names no bundle format.",
            $"send {MediaTypes.Onnx} for one file or {MediaTypes.Tar} for a folder.");
        if ((string?)request.Headers.ContentEncoding is not (null or "" or "identity"))
        {
            throw new ServingException(ServingCode.EncodingUnsupported, "A bundle is uploaded without a content encoding: its digest is that of the bytes as sent.", "leave the Content-Encoding header out.");
        }

        var owner = request.Namespace();
        using var upload = catalogue.BeginUpload(owner, request.ModelName(), request.ModelVersion());
        var bundle = await ReceiveAsync(upload, request, format);
        var model = await upload.CommitAsync(bundle, options, context.RequestAborted);
        metrics.ModelUploaded();
        ServerLog.ModelUploaded(logger, owner.Value, model.Name.Value, model.Version, model.Size, model.Digest.Value);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = Routes.Model(model.Name, model.Version);
        await JsonAnswer.WriteAsync(context, new UploadAnswer
        {
            Name = model.Name.Value,
            Version = model.Version,
            Digest = model.Digest.Value,
            Sha256 = model.Sha256,
            Inputs = [.. model.Signature.Inputs.Select(ModelFacts.Describe)],
            Outputs = [.. model.Signature.Outputs.Select(ModelFacts.Describe)],
            Size = model.Size,
            Durability = model.Durability,
            Batching = model.Configuration.BatchingReason,
            Derived = ModelFacts.Describe(model.Derived),
        }, ProtocolJson.Default.UploadAnswer);
    }

    private static async Task<ModelBundle> ReceiveAsync(UploadReservation upload, HttpRequest request, BundleFormat format)
    {
        try
        {
            return await upload.ReceiveAsync(request.Body, format, request.ContentLength, request.HttpContext.RequestAborted);
        }
        catch (ServingException exception) when (exception.InnerException is BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } late)
        {
            // To the receiver the connection broke; that the upload was too slow has a code of its own.
            ExceptionDispatchInfo.Throw(late);
            throw;
        }
    }

    private static ModelList List(IReadOnlyList<ModelDescription> versions)
    {
        var models = versions.GroupBy(version => version.Name).Select(group =>
        {
            var newest = group.Last();
            return new ModelSummary
            {
                Name = newest.Name.Value,
                Versions = [.. group.Select(version => version.Version)],
                Digest = newest.Digest.Value,
                State = ModelFacts.StateOf(newest),
                Size = group.Sum(version => version.Size),
                Durability = newest.Durability,
            };
        }).ToList();
        return new([.. models.Select(model => model.Name)], models);
    }
}
