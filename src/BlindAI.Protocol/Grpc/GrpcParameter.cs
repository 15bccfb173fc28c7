using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>One entry of a <c>map&lt;string, InferParameter&gt;</c>. Only what some rule reads is kept.</summary>
/// <remarks>InferParameter is a oneof: bool 1, int64 2, string 3, double 4, uint64 5. The last one that is set counts.</remarks>
internal readonly ref struct GrpcParameter
{
    public required string Name { get; init; }

    /// <summary>The value where it is an int64 or uint64 that fits; else null.</summary>
    public long? Integer { get; init; }

    /// <summary>The value where it is an integer of 0 or more; else null.</summary>
    public ulong? Unsigned { get; init; }

    /// <summary>The value where it is text; else null.</summary>
    public string? Text { get; init; }

    /// <exception cref="ProtobufException">Malformed.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static GrpcParameter Read(ProtobufSequenceReader entry)
    {
        var name = "";
        long? integer = null;
        ulong? unsigned = null;
        string? text = null;
        while (entry.TryReadField())
        {
            if (entry.FieldNumber == 1)
            {
                name = GrpcMessage.ReadText(ref entry, "The name of a parameter", ProtocolLimits.MaxNameLength);
            }
            else if (entry.FieldNumber == 2)
            {
                var value = entry.ReadMessage();
                while (value.TryReadField())
                {
                    (integer, unsigned, text) = (null, null, null);
                    switch (value.FieldNumber)
                    {
                        case 2:
                            integer = value.ReadInt64();
                            unsigned = integer >= 0 ? (ulong)integer : null;
                            break;
                        case 3:
                            text = GrpcMessage.ReadText(ref value, "The text of a parameter", RequestParameters.MaxDigestsLength);
                            break;
                        case 5:
                            unsigned = value.ReadVarint();
                            integer = unsigned <= long.MaxValue ? (long)unsigned : null;
                            break;
                    }
                }
            }
        }

        return new() { Name = name, Integer = integer, Unsigned = unsigned, Text = text };
    }
}
