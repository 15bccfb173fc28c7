using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Cli.Tests.Commands;

/// <summary>Answers about one model, "adder", as a server would.</summary>
internal static class ModelServer
{
    public const string Digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    /// <summary>Serves the routes of models; an inference answers with these outputs.</summary>
    public static RequestDelegate Answering(params NamedTensor[] outputs) => context => (context.Request.Method, context.Request.Path.Value!) switch
    {
        ("GET", Routes.Models) => WriteAsync(context, new ModelList(["adder"], [new() { Name = "adder", Versions = [1, 2], Digest = Digest, State = "READY", Size = 2048, Durability = "memory" }])),
        ("PUT", _) => UploadAsync(context),
        ("DELETE", _) => Task.CompletedTask,
        ("POST", _) => InferAsync(context, outputs),
        (_, $"{Routes.Models}/missing") => FailAsync(context),
        _ => WriteAsync(context, new ModelMetadata
        {
            Name = "adder",
            Versions = ["1", "2"],
            Platform = "onnxruntime_onnx",
            Inputs = [new("x", "FP32", [-1, 2]), new("scale", "FP32", [1]) { Parameters = new(Optional: true) }],
            Outputs = [new("y", "FP32", [-1, 2])],
            Version = 2,
            Digest = Digest,
            Derived = Derived(new(8, 0.0125, 0.00046)),
        }),
    };

    private static DerivedModel Derived(ModelAccuracy? accuracy) => new() { Transformation = "dynamic-int8-1", Sha256 = new string('2', 64), Matrices = 13, Accuracy = accuracy };

    private static Task WriteAsync<T>(HttpContext context, T value) => JsonSerializer.SerializeAsync(context.Response.Body, value, ProtocolJson.Default.Options);

    private static async Task UploadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(body.ToArray()));
        await WriteAsync(context, new UploadAnswer
        {
            Name = "adder",
            Version = 3,
            Digest = new ModelManifest([new(BundlePath.SingleModel, body.Length, sha256)]).Digest.Value,
            Sha256 = sha256,
            Inputs = [],
            Outputs = [],
            Size = body.Length,
            Durability = "memory",
            Derived = context.Request.Query["precision"] == "int8" ? Derived(null) : null,
        });
    }

    private static async Task FailAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        using var body = new MemoryStream();
        await using var writer = new Utf8JsonWriter(body);
        new ErrorBody("No such model. hint: upload it.", (int)ServingCode.ModelNotFound, "upload it.").Write(writer);
        await context.Response.Body.WriteAsync(body.ToArray());
    }

    private static async Task InferAsync(HttpContext context, NamedTensor[] outputs)
    {
        var header = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(header))
        {
            writer.WriteStartObject();
            writer.WriteString("model_name", "adder");
            writer.WriteString("model_version", "2");
            writer.WriteStartArray("outputs");
            foreach (var (name, tensor) in outputs)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteString("datatype", tensor.Datatype.WireName());
                writer.WriteStartArray("shape");
                foreach (var dimension in tensor.Shape)
                {
                    writer.WriteNumberValue(dimension);
                }

                writer.WriteEndArray();
                writer.WriteStartObject("parameters");
                writer.WriteNumber("binary_data_size", tensor.Data.Length);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        context.Response.Headers[HeaderNames.InferenceHeaderContentLength] = header.Length.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers[HeaderNames.ModelDigest] = Digest;
        await context.Response.Body.WriteAsync(header.ToArray());
        foreach (var (_, tensor) in outputs)
        {
            await context.Response.Body.WriteAsync(tensor.Data);
        }
    }
}
