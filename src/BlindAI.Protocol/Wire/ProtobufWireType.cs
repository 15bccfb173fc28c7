namespace BlindAI.Protocol.Wire;

/// <summary>How the value of a protobuf field is laid out.</summary>
/// <remarks>Source: protobuf.dev, "Encoding", Message Structure. Groups (3 and 4) are deprecated and refused here; 6 and 7 do not exist.</remarks>
public enum ProtobufWireType
{
    /// <summary>1 to 10 bytes of seven bits each.</summary>
    Varint = 0,

    /// <summary>Eight bytes, little-endian.</summary>
    Fixed64 = 1,

    /// <summary>A varint length and that many bytes: bytes, text, messages, packed lists.</summary>
    LengthDelimited = 2,

    /// <summary>Four bytes, little-endian.</summary>
    Fixed32 = 5,
}
