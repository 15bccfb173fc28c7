using BlindAI.Client;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Bench;

/// <summary>The whole way: client, TLS on loopback, the server's process, ONNX Runtime, and back; tensors in binary.</summary>
internal sealed class RemoteRun
{
    private readonly BlindAIClient _client;

    private readonly string _model;

    private readonly Dictionary<string, Tensor> _inputs;

    private RemoteRun(BlindAIClient client, string model, Dictionary<string, Tensor> inputs)
    {
        _client = client;
        _model = model;
        _inputs = inputs;
    }

    public static async Task<RemoteRun> UploadAsync(BlindAIClient client, BenchModel model)
    {
        using var bytes = new MemoryStream(model.Encode());
        await client.UploadModelAsync(model.Name, bytes);
        return new(client, model.Name, new(StringComparer.Ordinal) { ["x"] = Tensor.From(model.MakeInput(), model.Batch, model.Widths[0]) });
    }

    /// <summary>The same by another client.</summary>
    public RemoteRun Over(BlindAIClient client) => new(client, _model, _inputs);

    public async Task<float[]> RunAsync() => (await _client.RunAsync(_model, _inputs))["y"].ToArray<float>();
}
