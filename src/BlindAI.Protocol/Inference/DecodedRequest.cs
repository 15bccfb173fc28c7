using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>An inference request with its tensors. Disposing zeroes and frees the tensors' memory.</summary>
public sealed class DecodedRequest : IDisposable
{
    private readonly IReadOnlyList<NativeBuffer> _buffers;

    internal DecodedRequest(InferenceRequestHeader header, IReadOnlyList<NamedTensor> inputs, IReadOnlyList<NativeBuffer> buffers)
    {
        Header = header;
        Inputs = inputs;
        _buffers = buffers;
    }

    /// <summary>What the JSON said.</summary>
    public InferenceRequestHeader Header { get; }

    /// <summary>The tensors, in the request's order.</summary>
    public IReadOnlyList<NamedTensor> Inputs { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            ((IDisposable)buffer).Dispose();
        }
    }
}
