using System.Buffers.Binary;

namespace BlindAI.Protocol.Tensors;

/// <summary>Walks the elements of a BYTES tensor whose lengths have been checked.</summary>
public ref struct ByteStringEnumerator
{
    private ReadOnlySpan<byte> _rest;

    internal ByteStringEnumerator(ReadOnlySpan<byte> data) => _rest = data;

    /// <summary>The element's bytes, without its length.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>This enumerator, so that <c>foreach</c> takes it.</summary>
    public readonly ByteStringEnumerator GetEnumerator() => this;

    /// <summary>Moves to the next element; false at the end.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        Current = _rest.Slice(Tensor.BytesPrefixLength, length);
        _rest = _rest[(Tensor.BytesPrefixLength + length)..];
        return true;
    }
}
