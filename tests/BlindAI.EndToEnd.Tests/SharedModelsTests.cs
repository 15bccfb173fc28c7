using BlindAI.Client;
using BlindAI.Protocol.Tensors;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Every real model of the shared material answers through client and server as it did where it was trained.</summary>
public sealed class SharedModelsTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    // Without material one row is left, whose test says so.
    public static string[] Models { get; } = [.. (RepositoryRoot.SharedModels is { } models ? Directory.GetDirectories(models) : [])
        .Where(folder => File.Exists(Path.Combine(folder, "model.onnx"))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal).DefaultIfEmpty("")];

    public static MatrixTheoryData<string, ChannelMode> ModelsAndChannels => new(Models, Enum.GetValues<ChannelMode>());

    [Theory]
    [MemberData(nameof(ModelsAndChannels))]
    public async Task RunAsync_SharedModel_AnswersAsExpected(string name, ChannelMode channel)
    {
        Requirements.Require(name.Length > 0, "The shared models are missing: set BLINDAI_SHARED to the folder that holds models/.");
        var cancellation = TestContext.Current.CancellationToken;
        var folder = Path.Combine(RepositoryRoot.SharedModels!, name);
        var inputs = Read(folder, "input__");
        var expected = Read(folder, "expected__");
        await using var client = await server.ConnectAsync("shared", channel);
        var uploaded = await client.UploadModelAsync(name, Path.Combine(folder, "model.onnx"), cancellationToken: cancellation);

        var result = await client.RunAsync(name, inputs, cancellationToken: cancellation);
        await client.DeleteModelAsync(name, cancellationToken: cancellation);

        Assert.Equal(uploaded.Digest, result.Digest?.Value);
        Assert.NotEmpty(expected);
        foreach (var (output, tensor) in expected)
        {
            AssertClose(output, tensor, result[output]);
        }
    }

    private static Dictionary<string, Tensor> Read(string folder, string prefix) =>
        Directory.GetFiles(Path.Combine(folder, "io"), $"{prefix}*.npy").ToDictionary(path => Path.GetFileNameWithoutExtension(path)[prefix.Length..], path => Npy.Read(path));

    // 2e-3 of the value, or of 1 for small ones: what other processors and other kernels may differ by. Integers do not differ.
    private static void AssertClose(string name, Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.ToString(), actual.ToString());
        if (expected.Datatype != TensorDatatype.Fp32)
        {
            Assert.Equal(expected.Data.ToArray(), actual.Data.ToArray());
            return;
        }

        var left = expected.AsSpan<float>();
        var right = actual.AsSpan<float>();
        for (var index = 0; index < left.Length; index++)
        {
            Assert.True(Math.Abs(left[index] - right[index]) <= 2e-3f * Math.Max(1, Math.Abs(left[index])), $"Element {index} of {name}: {left[index]} was expected, {right[index]} came.");
        }
    }
}
