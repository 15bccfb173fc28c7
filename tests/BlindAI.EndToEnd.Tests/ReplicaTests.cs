using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Replicas with keys of their own behind a real balancer of layer 4: each connection is proved by itself.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private const int Callers = 12;

    private const int RequestsEach = 25;

    private readonly List<SimulationServer> _replicas = [];

    public async ValueTask InitializeAsync()
    {
        for (var number = 0; number < 3; number++)
        {
            _replicas.Add(await StartReplicaAsync());
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }
    }

    [Fact]
    public async Task Run_ManyCallersOverReplicas_AreServedByEach()
    {
        await using var balancer = await Balancer.StartAsync(_replicas.Select(replica => replica.Url));
        await using var client = await ConnectAsync(balancer, _replicas);

        await RunAllAsync(client);

        foreach (var replica in _replicas)
        {
            Assert.True(await CountAsync(replica, "blindai_inferences_total") > 0);
        }
    }

    [Fact]
    public async Task Run_ReplicaThatThePolicyDoesNotAccept_IsRefusedAndTheOthersServe()
    {
        var rogue = _replicas[2];
        var before = await MetricsAsync(rogue);
        await using var balancer = await Balancer.StartAsync(_replicas.Select(replica => replica.Url));
        for (var round = 0; round < 3; round++)
        {
            // The first connection goes to each of the three in turn.
            await using var client = await ConnectAsync(balancer, _replicas.Take(2));
            await RunAllAsync(client);
        }

        // It was asked for evidence on connections, and for nothing else.
        Assert.True(await CountAsync(rogue, "blindai_evidence_total") > 0);
        Assert.Equal(WithoutEvidence(before), WithoutEvidence(await MetricsAsync(rogue)));
    }

    [Fact]
    public async Task Run_ImpostorAmongTheReplicas_IsRefusedAndTheOthersServe()
    {
        // He ends TLS with a key of his own, and has a genuine replica answer for him.
        using var certificate = SelfSigned.Create();
        await using var impostor = new ManInTheMiddle(_replicas[2].Url, certificate);
        await using var balancer = await Balancer.StartAsync(_replicas[0].Url, impostor.Url, _replicas[1].Url);
        for (var round = 0; round < 3; round++)
        {
            await using var client = await ConnectAsync(balancer, _replicas);
            await RunAllAsync(client);
        }

        impostor.AssertHeardOnlyPrefaces();
    }

    [Fact]
    public async Task Run_ReplicaKilledAndReplacedUnderLoad_GoesOnAndTheNewOneIsAttested()
    {
        await using var balancer = await Balancer.StartAsync(_replicas.Select(replica => replica.Url));

        // What replaces it has a key that nobody knows yet.
        await using var client = await BlindAIClient.ConnectAsync(balancer.Url, Policies.ForKey("any"), cancellationToken: TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var lost = new ConcurrentQueue<ServingException>();
        var load = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => RunUntilAsync(client, caller, lost, stop.Token)));
        await RunAllAsync(client);

        using (var victim = Process.GetProcessById(_replicas[1].ProcessId))
        {
            victim.Kill();
        }

        await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        var replacement = await StartReplicaAsync($"--Listen:Url=https://127.0.0.1:{_replicas[1].Url.Port}");
        _replicas.Add(replacement);

        // Callers that come on top of the load need connections of their own, a third of which go to the new replica.
        var started = Stopwatch.GetTimestamp();
        do
        {
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => RunUntilAsync(client, caller, lost, CancellationToken.None, RequestsEach)));
        }
        while (await CountAsync(replacement, "blindai_inferences_total") == 0 && Stopwatch.GetElapsedTime(started) < RawConnection.Limit);

        await stop.CancelAsync();
        await load;
        Assert.True(await CountAsync(replacement, "blindai_inferences_total") > 0);

        // Lost is at most what ran on the killed one, and the answer said so.
        Assert.All(lost, exception => Assert.Equal(ServingCode.ConnectionLost, exception.Code));
        Assert.InRange(lost.Count, 0, 2 * Callers);
    }

    private static async Task<SimulationServer> StartReplicaAsync(params string[] arguments)
    {
        var replica = await SimulationServer.StartAsync(arguments);
        await using var client = await BlindAIClient.ConnectAsync(replica.Url, Policies.For(replica), cancellationToken: TestContext.Current.CancellationToken);
        await client.UploadModelAsync("sum", new MemoryStream(TestModels.Sum), cancellationToken: TestContext.Current.CancellationToken);
        return replica;
    }

    // A policy that lists the keys of some replicas.
    private static Task<BlindAIClient> ConnectAsync(Balancer balancer, IEnumerable<SimulationServer> accepted) => BlindAIClient.ConnectAsync(balancer.Url, AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
        {
          "version": 1, "service": "localhost", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
          "accept": [ {{string.Join(", ", accepted.Select(replica => $$"""{ "tee": "simulation", "key": "{{replica.SimulationKey}}" }"""))}} ]
        }
        """)), cancellationToken: TestContext.Current.CancellationToken);

    // No request of many parallel callers fails.
    private static Task RunAllAsync(BlindAIClient client) => Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
    {
        for (var request = 0; request < RequestsEach; request++)
        {
            await RunAsync(client, caller, request);
        }
    }));

    private static async Task RunUntilAsync(BlindAIClient client, int caller, ConcurrentQueue<ServingException> lost, CancellationToken stop, int requests = int.MaxValue)
    {
        await Task.Yield();
        for (var request = 0; request < requests && !stop.IsCancellationRequested; request++)
        {
            try
            {
                await RunAsync(client, caller, request);
            }
            catch (ServingException exception)
            {
                lost.Enqueue(exception);
            }
        }
    }

    private static async Task RunAsync(BlindAIClient client, int caller, int request)
    {
        var inputs = new Dictionary<string, Tensor> { ["a"] = Tensor.From([(float)caller, request], 1, 2), ["b"] = Tensor.From([1f, 2f], 1, 2) };
        var result = await client.RunAsync("sum", inputs, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([caller + 1f, request + 2f], result["sum"].ToArray<float>());
    }

    private static async Task<string> MetricsAsync(SimulationServer server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(server.OperationsUrl, "/metrics"), TestContext.Current.CancellationToken);
    }

    private static async Task<long> CountAsync(SimulationServer server, string name)
    {
        var line = (await MetricsAsync(server)).Split('\n').Single(line => line.StartsWith($"{name} ", StringComparison.Ordinal));
        return long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    // What it proved counts there, whatever the client made of it.
    // What evidence and connections count, and what any process does by itself.
    private static string WithoutEvidence(string metrics) => string.Join('\n', metrics.Split('\n').Where(line => !Array.Exists(
        ["blindai_evidence_total ", "blindai_proved_connections_total ", "blindai_process_", "blindai_managed_memory_bytes "], start => line.StartsWith(start, StringComparison.Ordinal))));
}
