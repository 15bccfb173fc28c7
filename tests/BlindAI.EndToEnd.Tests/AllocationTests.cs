using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What a request costs in memory: the same small amount of managed objects whatever it carries, and one copy of its tensors on the way in.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class AllocationTests
{
    private const int Requests = 300;

#if DEBUG
    /// <summary>Without optimisation every asynchronous method has an object of its own, which is more than half of what is counted here.</summary>
    private const int MostBytes = 3 * 4096;
#else
    /// <summary>The goal of the engine, for everything that client and server allocate between two requests of a connection.</summary>
    private const int MostBytes = 4096;
#endif

    [Theory]
    [InlineData(256)]
    [InlineData(37_500)]
    [InlineData(150_528)]
    public async Task Infer_Binary_AllocatesTheSameForEveryPayload(int elements)
    {
        await using var server = await ServerInside.StartAsync();
        using var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(server.Url.Host, server.Url.Port, TestContext.Current.CancellationToken);
        await using var connection = new SslStream(tcp.GetStream());
        await connection.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        }, TestContext.Current.CancellationToken);
        var answer = new byte[64 * 1024];
        await ExchangeAsync(connection, Request("PUT", "/v2/models/m", "application/onnx", "", Model(elements), headerLength: null), answer);
        var json = $$"""{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":"FP32","shape":[1,{{elements}}],"parameters":{"binary_data_size":{{4 * elements}} } }]}""";
        var request = Request("POST", "/v2/models/m/infer", "application/octet-stream", json, new byte[4 * elements], json.Length);
        for (var warmUp = 0; warmUp < 200; warmUp++)
        {
            await ExchangeAsync(connection, request, answer);
        }

        var copiedBefore = TensorCopies.Bytes;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var sent = 0; sent < Requests; sent++)
        {
            await ExchangeAsync(connection, request, answer);
        }

        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
        var copied = (TensorCopies.Bytes - copiedBefore) / Requests;
        TestContext.Current.TestOutputHelper?.WriteLine($"{4 * elements} bytes: {allocated} allocated, {copied} copied");
        Assert.InRange(allocated, 0, MostBytes);

        // The input once, from the network into the engine's memory; the output of 4 bytes once, from there to the network.
        Assert.Equal((4 * elements) + 4, copied);
    }

    private static async Task ExchangeAsync(SslStream connection, byte[] request, byte[] answer)
    {
        await connection.WriteAsync(request, TestContext.Current.CancellationToken);
        var length = 0;
        int end;
        while ((end = answer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            length += await connection.ReadAsync(answer.AsMemory(length), TestContext.Current.CancellationToken);
        }

        var total = end + 4 + ContentLength(answer.AsSpan(0, end));
        while (length < total)
        {
            length += await connection.ReadAsync(answer.AsMemory(length), TestContext.Current.CancellationToken);
        }

        Assert.True(answer.AsSpan().StartsWith("HTTP/1.1 20"u8));
    }

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var name = "Content-Length: "u8;
        var start = head.IndexOf(name) + name.Length;
        var text = head[start..];
        var lineEnd = text.IndexOf((byte)'\r');
        return int.Parse(lineEnd < 0 ? text : text[..lineEnd], CultureInfo.InvariantCulture);
    }

    private static byte[] Request(string method, string path, string type, string json, byte[] body, int? headerLength) =>
    [
        .. Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {json.Length + body.Length}\r\n" +
            (headerLength is null ? "" : $"Inference-Header-Content-Length: {headerLength}\r\n") + "\r\n" + json),
        .. body,
    ];

    // The sum of a row: the answer is small whatever came.
    private static byte[] Model(int elements) => new OnnxGraph("sum").Input("x", OnnxType.Float, "batch", elements)
        .Constant("axis", OnnxTensor.Vector(1L)).Node("ReduceSum", ["x", "axis"], ["y"], OnnxAttribute.Int("keepdims", 0)).Output("y", OnnxType.Float, "batch").ToModel().Encode();
}
