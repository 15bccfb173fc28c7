namespace BlindAI.Bench.Engine.Report;

/// <summary>How the figures were made, in the words that go beside them.</summary>
internal static class Method
{
    public const string Text = """
        All contenders run at the same time and take turns of 0.5 to 1.5 seconds: A, B, C, A, B, C; one turn of each before the first is not counted. p50 and p99 are over all requests of all
        turns, throughput is the median over turns, and a ratio is the median over rounds of what each round gave, so that a slow spell of the machine hits both sides of it. Clients wait for
        their answer before they ask again, except where arrivals of their own are named. Client and servers share the processors, so a served figure holds the client's work too. TLS 1.3
        everywhere, on loopback. Every contender's first answers are compared with those of ONNX Runtime alone. Models have the architecture and size of those they are named after, and weights
        from a seed. One request is one item (batch 1).
        """;

    /// <summary>What each contender is.</summary>
    public static readonly IReadOnlyList<(string Name, string What)> Contenders =
    [
        (ContenderNames.Raw, "ONNX Runtime in the bench's own process: one session, one thread in a run, inputs and outputs made beforehand; for 8 and 32 clients as many threads as processors call it"),
        (ContenderNames.Binary, "this server, asked by its C# client, which has verified the enclave (a simulation's); tensors in binary over HTTP/1.1"),
        (ContenderNames.Json, "this server, asked by an HttpClient with prepared JSON; the answer's JSON is read"),
        (ContenderNames.Grpc, "this server, asked by Grpc.Net.Client with a prepared message of raw tensors; a connection for each client"),
        (ContenderNames.AspNetGrpc, "bench/peers/AspNetGrpc: ASP.NET Core, Grpc.AspNetCore, generated messages, one session of one thread; asked by the same client as gRPC"),
        (ContenderNames.Node, "bench/peers/node: fastify and onnxruntime-node, one thread in a run; asked by an HttpClient with the tensors' bytes alone, which is the least that one can send"),
        (ContenderNames.PreparedBinary, "this server, asked by an HttpClient with prepared bytes, as the peers are: for the tiny model, where what a client does counts"),
    ];
}
