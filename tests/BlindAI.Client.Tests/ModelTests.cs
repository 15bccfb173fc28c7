using BlindAI.Attestation;
using BlindAI.Attestation.Policy;
using BlindAI.Client.Models;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Client.Tests;

/// <summary>Uploading, running and deleting models through the SDK, against a real server, over each kind of channel.</summary>
public abstract class ModelTests(ServerFixture fixture, ChannelMode channel) : IClassFixture<ServerFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-client-tests-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upload_Stream_AnswersTheDigestOfItsBytes()
    {
        await using var client = await fixture.ConnectAsync("stream", channel);

        var answer = await client.UploadModelAsync("double", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);

        Assert.Equal((1, "memory"), (answer.Version, answer.Durability));
        Assert.Equal(Sha256Digest.Of(TestModels.Doubling).ToString(), answer.Sha256);
        Assert.Equal(answer.Digest, (await client.GetModelAsync("double", cancellationToken: Cancellation)).Digest);
    }

    [Fact]
    public async Task Upload_Folder_RunsWithItsExternalWeights()
    {
        TestModels.WriteFolder(_folder);
        await using var client = await fixture.ConnectAsync("folder", channel);
        var reports = new List<UploadProgress>();

        var answer = await client.UploadModelAsync("external", _folder, new() { Progress = new Reports(reports) }, Cancellation);
        var result = await client.RunAsync("external", Inputs(Tensor.From([1f, 1f], 1, 2)), cancellationToken: Cancellation);

        Assert.Equal((await ModelFolder.Open(_folder).ComputeManifestAsync(cancellationToken: Cancellation)).Digest.Value, answer.Digest);
        Assert.Equal(answer.Digest, result.Digest!.Value);
        Assert.Equal([4f, 6f], result["y"].ToArray<float>());
        Assert.Equal(answer.Size, reports[^1].SentBytes);
        Assert.Equal(answer.Size, reports[^1].TotalBytes);
    }

    [Fact]
    public async Task Upload_AgainWithoutVersion_IsTheNextAndNewest()
    {
        await using var client = await fixture.ConnectAsync("versions", channel);
        await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);

        var second = await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);
        var result = await client.RunAsync("m", Inputs(Tensor.From([1f])), cancellationToken: Cancellation);

        Assert.Equal(2, second.Version);
        Assert.Equal("2", result.Version);
        await client.DeleteModelAsync("m", 2, Cancellation);
        Assert.Equal("1", (await client.RunAsync("m", Inputs(Tensor.From([1f])), cancellationToken: Cancellation)).Version);
    }

    [Fact]
    public async Task Upload_BrokenOffInTheMiddle_LeavesNothing()
    {
        await using var client = await fixture.ConnectAsync("broken", channel);
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            client.UploadModelAsync("m", new CancellingStream(TestModels.Doubling, cancel), cancellationToken: cancel.Token));

        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
        await UploadWhenFreeAsync(client);
    }

    [Fact]
    public async Task Upload_ModelThatThePolicyPinsOtherwise_IsNotSent()
    {
        await using var client = await fixture.ConnectAsync("pinned", channel, $$"""
            "models": { "pinned/m": ["sha256:{{new string('0', 64)}}"] }, "otherModels": "refuse"
            """);
        var file = Path.Combine(_folder, "model.onnx");
        await File.WriteAllBytesAsync(file, TestModels.Doubling, Cancellation);

        var refusal = await Assert.ThrowsAsync<AttestationException>(() => client.UploadModelAsync("m", file, cancellationToken: Cancellation));

        Assert.Equal(RejectionCode.ModelNotAccepted, refusal.Code);
        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
    }

    [Fact]
    public async Task Upload_Persistent_IsRefusedUntilAVaultExists() =>
        await FailAsync(ServingCode.PersistenceUnavailable, "persist", client => client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), new() { Persist = true }, Cancellation));

    [Fact]
    public async Task Upload_ShortLifetime_EndsTheModel()
    {
        await using var client = await fixture.ConnectAsync("ttl", channel);
        await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), new() { TimeToLive = TimeSpan.FromSeconds(1) }, Cancellation);

        // The server's clock decides; a bounded number of questions waits for it.
        for (var attempt = 0; attempt < 5000 && (await client.ListModelsAsync(Cancellation)).Models.Count > 0; attempt++)
        {
            await Task.Yield();
        }

        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
    }

    [Fact]
    public async Task Run_AnotherNamespace_DoesNotSeeTheModel()
    {
        await using var owner = await fixture.ConnectAsync("mine", channel);
        await owner.UploadModelAsync("secret", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);

        await FailAsync(ServingCode.ModelNotFound, "yours", client => client.RunAsync("secret", Inputs(Tensor.From([1f])), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Run_ModelThatIsNotLoaded_LoadsIt()
    {
        await using var client = await fixture.ConnectAsync("lazy", channel);
        await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), new() { Load = false }, Cancellation);
        Assert.Equal("UNAVAILABLE", (await client.ListModelsAsync(Cancellation)).Details[0].State);

        var result = await client.RunAsync("m", Inputs(Tensor.From([2f])), cancellationToken: Cancellation);

        Assert.Equal([4f], result["y"].ToArray<float>());
        Assert.Equal("READY", (await client.ListModelsAsync(Cancellation)).Details[0].State);
    }

    [Fact]
    public async Task Run_ManyCallersOfOneClient_GetTheirOwnAnswers()
    {
        await using var client = await fixture.ConnectAsync("parallel", channel);
        await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
            (number, (await client.RunAsync("m", Inputs(Tensor.From([(float)number])), cancellationToken: Cancellation))["y"].AsSpan<float>()[0])));

        Assert.All(answers, answer => Assert.Equal(2f * answer.number, answer.Item2));
    }

    [Fact]
    public async Task Run_Cancelled_EndsTheRunInTheServer()
    {
        await using var client = await fixture.ConnectAsync("cancel", channel);
        await client.UploadModelAsync("slow", new MemoryStream(TestModels.Slow), cancellationToken: Cancellation);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        cancel.CancelAfter(TimeSpan.FromMilliseconds(300));

        // Without an end to the run in the server, the second question would wait for hours of rounds.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunSlowAsync(client, rounds: 1_000_000, cancel.Token));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunSlowAsync(client, rounds: 1, Cancellation)));
    }

    [Fact]
    public async Task Delete_WhileRunning_LetsTheRunFinish()
    {
        await using var client = await fixture.ConnectAsync("delete", channel);
        await client.UploadModelAsync("slow", new MemoryStream(TestModels.Slow), cancellationToken: Cancellation);
        var running = RunSlowAsync(client, rounds: 10, Cancellation);
        await WaitForInFlightAsync(fixture.Server);

        await client.DeleteModelAsync("slow", cancellationToken: Cancellation);

        await running;
        var refusal = await Assert.ThrowsAsync<ServingException>(() => RunSlowAsync(client, rounds: 1, Cancellation));
        Assert.Equal(ServingCode.ModelNotFound, refusal.Code);
    }

    [Fact]
    public async Task Run_ServerAskedToStop_IsStillAnswered()
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await BlindAIClient.ConnectAsync(server.Url, AttestationPolicy.DangerouslyAllowSimulation("localhost"), new() { Channel = channel }, Cancellation);
        await client.UploadModelAsync("slow", new MemoryStream(TestModels.Slow), cancellationToken: Cancellation);
        var running = RunSlowAsync(client, rounds: 10, Cancellation);
        await WaitForInFlightAsync(server);

        var stopped = server.StopAsync();

        Assert.NotEmpty((await running).Outputs);
        Assert.Equal(0, await stopped);
    }

    [Fact]
    public async Task Get_UnknownModel_SaysSo() =>
        await FailAsync(ServingCode.ModelNotFound, "unknown", client => client.GetModelAsync("nothing", cancellationToken: Cancellation));

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task FailAsync(ServingCode expected, string owner, Func<BlindAIClient, Task> attempt)
    {
        await using var client = await fixture.ConnectAsync(owner, channel);
        var refusal = await Assert.ThrowsAsync<ServingException>(() => attempt(client));
        Assert.Equal(expected, refusal.Code);
        Assert.NotNull(refusal.Hint);
    }

    // The server may still be noticing that the broken upload ended: until then the name is taken, which has its own code.
    private static async Task UploadWhenFreeAsync(BlindAIClient client)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await client.UploadModelAsync("m", new MemoryStream(TestModels.Doubling), cancellationToken: Cancellation);
                return;
            }
            catch (ServingException exception) when (exception.Code == ServingCode.UploadConflict && attempt < 1000)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task WaitForInFlightAsync(SimulationServer server)
    {
        using var http = new HttpClient();
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var metrics = await http.GetStringAsync(new Uri(server.OperationsUrl, "/metrics"), Cancellation);
            if (!metrics.Contains("blindai_in_flight_bytes 0\n", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private static Task<InferenceResult> RunSlowAsync(BlindAIClient client, long rounds, CancellationToken cancellationToken) =>
        client.RunAsync("slow", new Dictionary<string, Tensor> { ["rounds"] = new(TensorDatatype.Int64, new TensorShape(), BitConverter.GetBytes(rounds)) }, cancellationToken: cancellationToken);

    private static Dictionary<string, Tensor> Inputs(Tensor tensor) => new() { ["x"] = tensor };

    private sealed class Reports(List<UploadProgress> reports) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => reports.Add(value);
    }

    /// <summary>Gives half of its bytes, then cancels.</summary>
    private sealed class CancellingStream(byte[] content, CancellationTokenSource cancel) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position > 0)
            {
                await cancel.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return await base.ReadAsync(buffer[..Math.Min(buffer.Length, (int)Length / 2)], cancellationToken);
        }
    }
}
