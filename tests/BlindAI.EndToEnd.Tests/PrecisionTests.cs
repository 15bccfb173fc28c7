using BlindAI.Client;
using BlindAI.Client.Models;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A model that runs in 8-bit integers on request: the answers say so, and its digest stays that of the upload.</summary>
public sealed class PrecisionTests(StrictServer server) : IClassFixture<StrictServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task UploadModelAsync_Int8_RunsAndIsNamedAsDerived()
    {
        await using var client = await BlindAIClient.ConnectAsync(server.Server.Url, Policies.For(server.Server), cancellationToken: Token);
        var bytes = Model();
        var asUploaded = await client.UploadModelAsync("plain", new MemoryStream(bytes), cancellationToken: Token);
        var derived = await client.UploadModelAsync("small", new MemoryStream(bytes), new() { Precision = UploadPrecision.Int8 }, Token);

        Assert.Null(asUploaded.Derived);
        Assert.Equal((asUploaded.Digest, asUploaded.Sha256), (derived.Digest, derived.Sha256));
        Assert.Equal(("dynamic-int8-1", 1), (derived.Derived!.Transformation, derived.Derived.Matrices));
        Assert.InRange(derived.Derived.Accuracy!.RelativeRms, double.Epsilon, 0.02);
        Assert.Equal(derived.Derived, (await client.GetModelAsync("small", cancellationToken: Token)).Derived);
        Assert.Null((await client.GetModelAsync("plain", cancellationToken: Token)).Derived);

        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.From([.. Enumerable.Range(0, 64).Select(index => MathF.Cos(index))], 1, 64) };
        var exact = (await client.RunAsync("plain", inputs, cancellationToken: Token))["y"].ToArray<float>();
        var result = await client.RunAsync("small", inputs, cancellationToken: Token);
        Assert.Equal(asUploaded.Digest, result.Digest!.Value);
        var close = result["y"].ToArray<float>();
        Assert.NotEqual(exact, close);
        Assert.All(exact.Zip(close), pair => Assert.Equal(pair.First, pair.Second, 0.05f));

        var metadata = await server.SendAsync(HttpMethod.Get, "/v2/models/plain");
        Assert.False(metadata.Json.TryGetProperty("derived", out _), "A model that runs as it was uploaded has no derived form.");
        await client.DeleteModelAsync("plain", cancellationToken: Token);
        await client.DeleteModelAsync("small", cancellationToken: Token);
    }

    [Fact]
    public async Task Upload_Int8OfAModelWithoutMatrices_IsRefused()
    {
        var answer = await server.UploadAsync("sum", TestModels.Sum, query: "?precision=int8");

        Assert.Equal((400, (int)ServingCode.ModelUnsupported), (answer.Status, answer.Json.GetProperty("code").GetInt32()));
        await server.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData("int4")]
    [InlineData("INT8")]
    [InlineData("")]
    public async Task Upload_UnknownPrecision_IsRefused(string precision)
    {
        var answer = await server.UploadAsync("sum", TestModels.Sum, query: $"?precision={precision}");

        Assert.Equal((501, (int)ServingCode.ParameterUnsupported), (answer.Status, answer.Json.GetProperty("code").GetInt32()));
        await server.AssertUnharmedAsync();
    }

    // y = x w.
    private static byte[] Model() => new OnnxGraph("product")
        .Input("x", OnnxType.Float, "n", 64)
        .Constant("w", OnnxTensor.Of<float>([.. Enumerable.Range(0, 64 * 64).Select(index => MathF.Sin(index))], 64, 64))
        .Node("MatMul", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, "n", 64)
        .ToModel().Encode();
}
