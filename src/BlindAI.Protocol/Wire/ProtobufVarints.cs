namespace BlindAI.Protocol.Wire;

/// <summary>Walks the elements of a repeated varint field, checking each as it comes.</summary>
public ref struct ProtobufVarints
{
    private readonly int _end;
    private ReadOnlySpan<byte> _rest;
    private bool _isSingle;

    internal ProtobufVarints(ulong single)
    {
        Current = single;
        _isSingle = true;
    }

    internal ProtobufVarints(ReadOnlySpan<byte> packed, int end)
    {
        _rest = packed;
        _end = end;
    }

    /// <summary>The element's 64 bits; cast them to what the field holds.</summary>
    public ulong Current { get; private set; }

    /// <summary>This enumerator, so that <c>foreach</c> takes it.</summary>
    public readonly ProtobufVarints GetEnumerator() => this;

    /// <summary>Moves to the next element; false at the end.</summary>
    /// <exception cref="ProtobufException">An element does not end within the list, or is over 64 bits.</exception>
    public bool MoveNext()
    {
        if (_isSingle)
        {
            _isSingle = false;
            return true;
        }

        if (_rest.IsEmpty)
        {
            return false;
        }

        var length = ProtobufReader.DecodeVarint(_rest, out var value);
        if (length == 0)
        {
            throw new ProtobufException("An element of a packed list does not end, or is over 64 bits", _end - _rest.Length);
        }

        Current = value;
        _rest = _rest[length..];
        return true;
    }
}
