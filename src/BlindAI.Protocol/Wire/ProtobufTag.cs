namespace BlindAI.Protocol.Wire;

/// <summary>The number and the layout that stand before a value. Both readers take them apart here, so that they refuse the same.</summary>
internal readonly record struct ProtobufTag(int FieldNumber, ProtobufWireType WireType)
{
    /// <exception cref="ProtobufException">There is no such field or layout, or it is one that is refused.</exception>
    public static ProtobufTag Decode(ulong tag, int offset)
    {
        if (tag > uint.MaxValue)
        {
            throw new ProtobufException("A field number is over its limit", offset);
        }

        var number = (int)(tag >> 3);
        if (number == 0)
        {
            throw new ProtobufException("A field has the number 0", offset);
        }

        return new(number, (tag & 7) switch
        {
            0 => ProtobufWireType.Varint,
            1 => ProtobufWireType.Fixed64,
            2 => ProtobufWireType.LengthDelimited,
            5 => ProtobufWireType.Fixed32,
            3 or 4 => throw new ProtobufException($"Field {number} is a group, which is refused", offset),
            _ => throw new ProtobufException($"Field {number} has a wire type that does not exist", offset),
        });
    }
}
