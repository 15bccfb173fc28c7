using BlindAI.Inference.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Engines;

/// <summary>The outputs of a run: views of the engine's memory, valid until this is disposed.</summary>
public sealed class InferenceOutputs : IDisposable
{
    private readonly IDisposable? _owner;

    /// <summary>Holds tensors together with what owns their memory.</summary>
    public InferenceOutputs(IReadOnlyList<NamedTensor> tensors, IDisposable? owner = null)
    {
        Tensors = tensors;
        _owner = owner;
    }

    /// <summary>The tensors, in the order that was asked for.</summary>
    public IReadOnlyList<NamedTensor> Tensors { get; }

    /// <summary>What the run took.</summary>
    public ExecutionTimes Times { get; init; }

    /// <summary>Gives the memory back; the tensors must not be read afterwards.</summary>
    public void Dispose() => _owner?.Dispose();
}
