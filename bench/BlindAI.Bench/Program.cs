using System.Globalization;
using System.Text.Json;
using BlindAI.Attestation.Policy;
using BlindAI.Bench;
using BlindAI.Bench.Engine;
using BlindAI.Bench.Engine.Server;
using BlindAI.Bench.Load;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;

const int UsageError = 2;
const string Usage = """
    usage: BlindAI.Bench [--rounds N] [--json]                 inference: the server against raw ONNX Runtime
           BlindAI.Bench --engine [--rounds N] [--quick] [--only WORD]   the engine: every model, every contender; writes RESULTS-engine.json, RESULTS.md, engine.svg
           BlindAI.Bench --load [--seconds N] [--connections N]      the load test: 10 minutes, 64 connections, every answer checked
           BlindAI.Bench --evidence VECTORS [--rounds N] [--json]   attestation: verifying the captured evidence in a folder
           BlindAI.Bench --sealed [--rounds N] [--json]        sealed requests: sealing and opening, by size of body and chunk
           BlindAI.Bench --channel [--rounds N] [--json]       the attested channel: new connections, each mode, half prefaces
    N is 1 to 1000, 5 by default
    """;

if (args is [Crowd.Argument, var crowded, var kind])
{
    return await Crowd.RunAsync(new(crowded), sendsHalf: kind == "half");
}

switch (args)
{
    case [BenchServer.Argument]:
        return await BenchServer.RunAsync();
    case [StreamFloor.Argument]:
        return await StreamFloor.RunAsync();
    case [LoadOptions.Argument, .. var loadArguments]:
        if (LoadOptions.Parse(loadArguments) is not { } load)
        {
            await Console.Error.WriteLineAsync(Usage);
            return UsageError;
        }

        return await LoadRun.RunAsync(load) ? 0 : 1;
    case [EngineOptions.Argument, .. var engineArguments]:
        if (EngineOptions.Parse(engineArguments) is not { } options)
        {
            await Console.Error.WriteLineAsync(Usage);
            return UsageError;
        }

        return await EngineBench.RunAsync(options) ? 0 : 1;
}

var rounds = 5;
var writesJson = false;
var isSealed = false;
var isChannel = false;
string? vectors = null;
for (var index = 0; index < args.Length; index++)
{
    if (args[index] == "--json")
    {
        writesJson = true;
    }
    else if (args[index] == "--sealed")
    {
        isSealed = true;
    }
    else if (args[index] == "--channel")
    {
        isChannel = true;
    }
    else if (args[index] == "--rounds" && index + 1 < args.Length && int.TryParse(args[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out rounds) && rounds is >= 1 and <= 1000)
    {
        index++;
    }
    else if (args[index] == "--evidence" && index + 1 < args.Length)
    {
        vectors = args[++index];
    }
    else
    {
        await Console.Error.WriteLineAsync(Usage);
        return UsageError;
    }
}

if (isChannel)
{
    await ChannelBench.RunAsync(rounds, writesJson);
    return 0;
}

if (isSealed)
{
    SealedBench.Run(rounds, writesJson);
    return 0;
}

if (vectors is not null)
{
    AttestationBench.Run(vectors, rounds, writesJson);
    return 0;
}

await using var server = await SimulationServer.StartAsync(["--Logging:Level=Warning"]);
await using var client = await BlindAIClient.ConnectAsync(server.Url, AttestationPolicy.DangerouslyAllowSimulation("localhost"));
var results = new List<BenchResult>();
foreach (var model in BenchModel.All)
{
    using var raw = new RawRun(model);
    var remote = await RemoteRun.UploadAsync(client, model);
    results.Add(await InterleavedRounds.MeasureAsync(model, rounds, raw, remote));
}

if (writesJson)
{
    Console.WriteLine(JsonSerializer.Serialize(new { processors = Environment.ProcessorCount, rounds, results }, JsonSerializerOptions.Web));
}
else
{
    Console.WriteLine($"{"model",-12}{"raw p50",12}{"server p50",12}{"server p99",12}{"ratio",10}{"added",12}{"raw min",12}{"server min",12}");
    foreach (var result in results)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Model,-12}{result.RawMicroseconds,9:F1} us{result.ServerMicroseconds,9:F1} us{result.ServerP99Microseconds,9:F1} us{result.Ratio,9:F2}x{result.AddedMicroseconds,9:F1} us{result.RawMinimumMicroseconds,9:F1} us{result.ServerMinimumMicroseconds,9:F1} us"));
    }
}

return 0;
