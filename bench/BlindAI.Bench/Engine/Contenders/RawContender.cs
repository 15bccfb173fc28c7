using System.Runtime.InteropServices;
using BlindAI.Protocol.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>The floor: ONNX Runtime in this process, called in the way that costs least.</summary>
/// <remarks>One session, one thread in a run, every graph optimisation, no spinning; every caller has its own input and output memory, made beforehand.</remarks>
internal sealed class RawContender() : Contender("raw")
{
    private readonly RunOptions _options = new();

    private readonly List<OrtValue> _values = [];

    private Workload? _workload;

    private InferenceSession? _session;

    public override bool RunsInProcess => true;

    public override Task<string?> PrepareAsync(Workload workload)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(workload.File, options);
        _workload = workload;
        return Task.FromResult<string?>(null);
    }

    public override Func<ValueTask<float[]>> MakeCaller()
    {
        var (session, workload) = (_session!, _workload!);
        string[] inputNames = [.. workload.Inputs.Select(input => input.Name)];
        string[] outputNames = [workload.Output];
        OrtValue[] inputs = [.. workload.Inputs.Select(input => Wrap(input.Tensor))];
        var answer = new float[workload.OutputLength];
        OrtValue[] outputs = [OrtValue.CreateTensorValueFromMemory(answer, [1, workload.OutputLength])];
        _values.AddRange([.. inputs, .. outputs]);
        return () =>
        {
            session.Run(_options, inputNames, inputs, outputNames, outputs);
            return new(answer);
        };
    }

    protected override Task ReleaseAsync()
    {
        _values.ForEach(value => value.Dispose());
        _values.Clear();
        _session?.Dispose();
        _options.Dispose();
        return Task.CompletedTask;
    }

    private static OrtValue Wrap(Tensor tensor)
    {
        long[] shape = [.. tensor.Shape.Dimensions];
        return tensor.Datatype == TensorDatatype.Int64
            ? OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, long>(tensor.Data.Span).ToArray(), shape)
            : OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray(), shape);
    }
}
