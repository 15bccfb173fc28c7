using System.Text.Json;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Cli.Tests.Commands;

public sealed class BenchCommandTests
{
    private const string Simulation = "--dangerously-allow-simulation";

    private static readonly NamedTensor Y = new("y", Tensor.From([1.5f, -2f], 1, 2));

    [Fact]
    public async Task Bench_Json_HasLatenciesAndBytes()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        var run = await CliRun.OfAsync("bench", "adder", "--requests", "40", "--concurrency", "4", "--warmup", "0", "--shape", "x=3,2", "--url", server.Url, Simulation, "--json");

        Assert.Equal((0, ""), (run.Exit, run.Error));
        var json = run.ReadJson();
        Assert.Equal(("adder", "2", ModelServer.Digest), (json.GetProperty("model").GetString(), json.GetProperty("version").GetString(), json.GetProperty("digest").GetString()));
        Assert.Equal((40, 0, 4), (json.GetProperty("answered").GetInt32(), json.GetProperty("failed").GetInt32(), json.GetProperty("concurrency").GetInt32()));
        Assert.Equal((24, 40 * 8), (json.GetProperty("requestBytes").GetInt32(), json.GetProperty("receivedBytes").GetInt32()));
        var latencies = json.GetProperty("milliseconds");
        double[] ascending = [.. ((string[])["p50", "p90", "p99", "p99.9", "max"]).Select(name => latencies.GetProperty(name).GetDouble())];
        Assert.Equal(ascending.Order(), ascending);
        Assert.True(ascending[0] > 0);
        Assert.True(json.GetProperty("throughput").GetDouble() > 0);

        // The first shows that the request is one that the model takes.
        Assert.Equal(1 + 40, server.Requests.Count(request => request == "POST /v2/models/adder/infer"));
    }

    [Fact]
    public async Task Bench_Text_ShowsPercentiles()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        var run = await CliRun.OfAsync("bench", "adder", "--version", "2", "--duration", "0.2", "--rate", "50", "--warmup", "0.1", "--input", "x=[[1, 2]]", "--url", server.Url, Simulation);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.StartsWith($"adder version 2 ({ModelServer.Digest})", run.Out, StringComparison.Ordinal);
        Assert.Contains("10 answered in ", run.Out, StringComparison.Ordinal);
        Assert.Contains(", 50 arrivals a second, at most 8 at once", run.Out, StringComparison.Ordinal);
        Assert.All(["throughput", "p50", "p90", "p99", "p99.9", "max", "tensors"], name => Assert.Contains($"\n{name} ", run.Out, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bench_SomeRequestsRefused_CountsThemByCodeAndExits50()
    {
        var asked = 0;
        var answer = ModelServer.Answering(Y);
        await using var server = await SimulatedServer.StartAsync(context => context.Request.Method == "POST" && Interlocked.Increment(ref asked) % 2 == 0 ? RefuseAsync(context) : answer(context));

        var run = await CliRun.OfAsync("bench", "adder", "--requests", "10", "--warmup", "0", "--url", server.Url, Simulation, "--json");

        Assert.Equal(50, run.Exit);
        var json = run.ReadJson();
        Assert.Equal((5, 5), (json.GetProperty("answered").GetInt32(), json.GetProperty("failed").GetInt32()));
        var error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal(((int)ServingCode.Overloaded, "Overloaded", 5), (error.GetProperty("code").GetInt32(), error.GetProperty("name").GetString(), error.GetProperty("count").GetInt32()));
    }

    [Fact]
    public async Task Bench_FirstRequestRefused_SendsNoOther()
    {
        var answer = ModelServer.Answering(Y);
        await using var server = await SimulatedServer.StartAsync(context => context.Request.Method == "POST" ? RefuseAsync(context) : answer(context));

        var run = await CliRun.OfAsync("bench", "adder", "--url", server.Url, Simulation);

        Assert.Equal((50, ""), (run.Exit, run.Out));
        Assert.Single(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bench_Interrupted_PrintsWhatWasMeasuredAndExits130()
    {
        using var interrupt = new CancellationTokenSource();
        var answer = ModelServer.Answering(Y);
        var asked = 0;
        await using var server = await SimulatedServer.StartAsync(async context =>
        {
            if (context.Request.Method == "POST" && Interlocked.Increment(ref asked) == 11)
            {
                await interrupt.CancelAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await answer(context);
        });

        var run = await CliRun.OfAsync(interrupt.Token, "bench", "adder", "--concurrency", "1", "--warmup", "0", "--url", server.Url, Simulation, "--json");

        Assert.Equal(130, run.Exit);
        var json = run.ReadJson();
        Assert.Equal((9, 0, true), (json.GetProperty("answered").GetInt32(), json.GetProperty("failed").GetInt32(), json.GetProperty("interrupted").GetBoolean()));
    }

    [Fact]
    public async Task Bench_OnATerminal_ShowsALineThatIsGoneAtTheEnd()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        var run = await CliRun.OnTerminalAsync("bench", "adder", "--duration", "0.7", "--warmup", "0", "--url", server.Url, Simulation);

        Assert.Equal(0, run.Exit);
        Assert.Contains("\r\u001b[Kadder: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("/s, p50 ", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("\r\u001b[K", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--shape", "z=1")]
    [InlineData("--input", "x=[[1, 2]]", "--shape", "x=1,2")]
    public async Task Bench_ShapeOfNoInputThatIsMade_Exits2(params string[] arguments)
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        Assert.Equal(2, (await CliRun.OfAsync([.. (string[])["bench", "adder", "--url", server.Url, Simulation], .. arguments])).Exit);
    }

    private static async Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        using var body = new MemoryStream();
        await using var writer = new Utf8JsonWriter(body);
        new ErrorBody("Full.", (int)ServingCode.Overloaded, null).Write(writer);
        await context.Response.Body.WriteAsync(body.ToArray());
    }
}
