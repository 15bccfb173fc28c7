namespace BlindAI.Protocol.Wire;

/// <summary>The bytes are not the protobuf they should be; whoever reads gives the fault its own code.</summary>
/// <remarks>The message names the fault and where it is, never what the bytes hold.</remarks>
public sealed class ProtobufException : FormatException
{
    /// <summary>Names the fault and the offset, counted from the start of the outermost message.</summary>
    public ProtobufException(string fault, int offset)
        : base($"{fault} (offset {offset})")
    {
        Offset = offset;
    }

    /// <summary>Where the faulty element starts, counted from the start of the outermost message.</summary>
    public int Offset { get; }
}
