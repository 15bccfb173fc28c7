using BlindAI.Protocol;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>A session of ONNX Runtime. One serves all threads: a second one would double the memory and gain nothing.</summary>
internal sealed class OnnxRuntimeModel : ILoadedModel
{
    private readonly InferenceSession _session;
    private readonly string[] _allOutputs;

    internal OnnxRuntimeModel(InferenceSession session, ModelSignature signature)
    {
        _session = session;
        Signature = signature;
        _allOutputs = [.. signature.Outputs.Select(output => output.Name)];
    }

    public ModelSignature Signature { get; }

    public InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken)
    {
        Signature.Check(request.Inputs, request.Outputs);
        cancellationToken.ThrowIfCancellationRequested();
        var inputNames = new string[request.Inputs.Count];
        for (var index = 0; index < inputNames.Length; index++)
        {
            inputNames[index] = request.Inputs[index].Name;
        }

        IReadOnlyCollection<string> outputNames = request.Outputs.Count > 0 ? [.. request.Outputs] : _allOutputs;
        var inputs = OnnxInputs.Wrap(request.Inputs);
        IDisposableReadOnlyCollection<OrtValue> values;
        try
        {
            values = Run(inputNames, inputs, outputNames, cancellationToken);
        }
        catch
        {
            inputs.Dispose();
            throw;
        }

        // An output may be an input that the graph passes through: the inputs live as long as the outputs.
        return OnnxOutputs.View(values, inputs, OutputMetadata(request.Outputs));
    }

    public void Dispose()
    {
        _session.Dispose();
        NativeHeap.Trim();
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(string[] inputNames, OnnxInputs inputs, IReadOnlyCollection<string> outputNames, CancellationToken cancellationToken)
    {
        try
        {
            using var options = new RunOptions();
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
