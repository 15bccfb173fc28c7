using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Bench;

/// <summary>The floor: ONNX Runtime in this process with the server's session settings, into memory that is there already.</summary>
internal sealed class RawRun : IDisposable
{
    private static readonly string[] InputNames = ["x"];

    private static readonly string[] OutputNames = ["y"];

    private readonly InferenceSession _session;

    private readonly RunOptions _options = new();

    private readonly OrtValue[] _inputs;

    private readonly OrtValue[] _outputs;

    private readonly float[] _result;

    public RawRun(BenchModel model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(model.Encode(), options);
        _result = new float[model.OutputLength];
        _inputs = [OrtValue.CreateTensorValueFromMemory(model.MakeInput(), [model.Batch, model.Widths[0]])];
        _outputs = [OrtValue.CreateTensorValueFromMemory(_result, [model.Batch, model.Widths[^1]])];
    }

    /// <summary>What the last run gave.</summary>
    public ReadOnlySpan<float> Result => _result;

    public void Run() => _session.Run(_options, InputNames, _inputs, OutputNames, _outputs);

    public void Dispose()
    {
        Array.ForEach(_inputs, value => value.Dispose());
        Array.ForEach(_outputs, value => value.Dispose());
        _options.Dispose();
        _session.Dispose();
    }
}
