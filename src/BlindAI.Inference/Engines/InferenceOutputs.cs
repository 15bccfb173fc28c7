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

    /// <summary>How long the request had waited.</summary>
    public TimeSpan Waited { get; internal set; }

    /// <summary>Requests in the batch that it ran in.</summary>
    public int BatchSize { get; internal set; } = 1;

    /// <summary>Gives the memory back; the tensors must not be read afterwards.</summary>
    public void Dispose() => _owner?.Dispose();
}
