using System.Buffers;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>What every message of the gRPC binding has in common: how a fault in its bytes is named, and how text in it is bounded.</summary>
internal static class GrpcMessage
{
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>: the bytes are no protobuf, or not that message; and what <paramref name="read"/> throws.</exception>
    public static T Read<T>(ReadOnlySequence<byte> message, Func<ReadOnlySequence<byte>, T> read)
    {
        try
        {
            return read(message);
        }
        catch (ProtobufException exception)
        {
            throw new ServingException(ServingCode.RequestMalformed, $"The message is not the protobuf that it should be: {exception.Message}.", innerException: exception);
        }
    }

    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static string ReadText(ref ProtobufSequenceReader reader, string what, int maxLength) =>
        reader.ReadString(maxLength) ?? throw new ServingException(ServingCode.RequestTooLarge, $"{what} is over the limit of {maxLength}.");
}
