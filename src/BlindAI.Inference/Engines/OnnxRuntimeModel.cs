using BlindAI.Protocol;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>A session of ONNX Runtime. One serves all threads: a second one would double the memory and gain nothing.</summary>
internal sealed class OnnxRuntimeModel : ILoadedModel
{
    private readonly InferenceSession _session;
    private readonly string[] _allOutputs;

    internal OnnxRuntimeModel(InferenceSession session, ModelSignature signature, ModelTraits traits)
    {
        _session = session;
        Signature = signature;
        Traits = traits;
        _allOutputs = [.. signature.Outputs.Select(output => output.Name)];
    }

    public ModelSignature Signature { get; }

    public ModelTraits Traits { get; }

    public InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken)
    {
        Signature.Check(request.Inputs, request.Outputs);
        cancellationToken.ThrowIfCancellationRequested();
        var started = TimeProvider.System.GetTimestamp();
        var inputNames = new string[request.Inputs.Count];
        for (var index = 0; index < inputNames.Length; index++)
        {
            inputNames[index] = request.Inputs[index].Name;
        }

        IReadOnlyCollection<string> outputNames = request.Outputs.Count > 0 ? [.. request.Outputs] : _allOutputs;
        var inputs = OnnxInputs.Wrap(request.Inputs);
        IDisposableReadOnlyCollection<OrtValue> values;
        var ready = TimeProvider.System.GetTimestamp();
        try
        {
            values = Run(inputNames, inputs, outputNames, request.ReleasesMemory, cancellationToken);
        }
        catch
        {
            inputs.Dispose();
            throw;
        }

        // An output may be an input that the graph passes through: the inputs live as long as the outputs.
        var ran = TimeProvider.System.GetTimestamp();
        var (tensors, owner) = OnnxOutputs.View(values, inputs, OutputMetadata(request.Outputs));
        var (start, infer) = (TimeProvider.System.GetElapsedTime(started, ready), TimeProvider.System.GetElapsedTime(ready, ran));
        return new(tensors, owner) { Times = new(start, infer, TimeProvider.System.GetElapsedTime(ran)) };
    }

    public void Dispose()
    {
        _session.Dispose();
        NativeHeap.Trim();
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(string[] inputNames, OnnxInputs inputs, IReadOnlyCollection<string> outputNames, bool releasesMemory, CancellationToken cancellationToken)
    {
        try
        {
            using var options = new RunOptions();
            if (releasesMemory)
            {
                options.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
            }

            using var terminate = cancellationToken.UnsafeRegister(static options => ((RunOptions)options!).Terminate = true, options);
            return _session.Run(options, inputNames, inputs.Values, outputNames);
        }
        catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OnnxRuntimeException)
        {
            // Its text may quote the tensors (a Gather names the index): neither it nor the exception goes any further.
            throw new ServingException(ServingCode.InferenceFailed, "The model failed on this input.", "check shapes and ranges of values, such as token ids.");
        }
    }

    private IReadOnlyList<TensorMetadata> OutputMetadata(IReadOnlyList<string> names) => names.Count == 0
        ? Signature.Outputs
        : [.. names.Select(name => Signature.Outputs.First(output => output.Name == name))];
}
