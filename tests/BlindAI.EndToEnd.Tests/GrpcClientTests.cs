using System.Globalization;
using System.Text.Json;
using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A gRPC client of another language, generated from the public field numbers.</summary>
public sealed class GrpcClientTests(StrictServer server) : IClassFixture<StrictServer>
{
    // The client prints the names of what it checked: fewer would mean that it no longer does.
    private const int Checks = 40;

    [Fact]
    public async Task GrpcClient_EveryCheck_Passes()
    {
        await Requirements.RequireGrpcAsync();

        await AssertClientPassesAsync(server);
    }

    /// <summary>Runs the foreign client against a server.</summary>
    internal static async Task AssertClientPassesAsync(StrictServer server)
    {
        foreach (var datatype in Enum.GetValues<TensorDatatype>())
        {
            await UploadAsync($"identity-{datatype.WireName()}", TestModels.Identity(OnnxTypes.Of(datatype)));
        }

        await UploadAsync("busy", TestModels.Busy);
        await UploadAsync("wide", TestModels.Widen);
        await UploadAsync("pick", TestModels.Pick);
        await UploadAsync("resting", TestModels.Identity(OnnxType.Float), "?load=false");

        var url = server.Server.Url;
        var run = await ProgramRun.StartAsync(Requirements.Python,
            [RepositoryRoot.Combine("tests", "BlindAI.EndToEnd.Tests", "grpc_client.py"), url.Host, url.Port.ToString(CultureInfo.InvariantCulture)]);

        Assert.True(run.Output.StartsWith('{'), run.Error + run.Output);
        using var summary = JsonDocument.Parse(run.Output);
        var failed = summary.RootElement.GetProperty("failed");
        Assert.True(failed.GetRawText() == "{}", string.Join('\n', failed.EnumerateObject().Select(check => $"{check.Name}: {check.Value.GetString()}")));
        Assert.Equal(Checks, summary.RootElement.GetProperty("passed").GetArrayLength());
        Assert.Equal(0, run.ExitCode);

        async Task UploadAsync(string name, byte[] model, string query = "") => Assert.Equal(201, (await server.UploadAsync(name, model, query: query)).Status);
    }
}
