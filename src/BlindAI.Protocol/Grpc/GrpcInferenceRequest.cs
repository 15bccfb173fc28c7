using System.Buffers;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary><c>inference.ModelInferRequest</c> with its tensors in the memory that the engine reads. Disposing zeroes and frees that memory.</summary>
/// <remarks>Source: Open Inference Protocol v2, gRPC; docs/wire-protocol.md, clause 11.</remarks>
public sealed class GrpcInferenceRequest : IDisposable
{
    internal GrpcInferenceRequest(string modelName, string modelVersion, DecodedRequest decoded)
    {
        ModelName = modelName;
        ModelVersion = modelVersion;
        Decoded = decoded;
    }

    /// <summary>The model's name as it was sent: at most 256 characters of any kind.</summary>
    public string ModelName { get; }

    /// <summary>The version as it was sent; empty for any.</summary>
    public string ModelVersion { get; }

    /// <summary>The request as the other bindings have it; this message owns it.</summary>
    public DecodedRequest Decoded { get; }

    /// <summary>What the message says beside the tensors.</summary>
    public InferenceRequestHeader Header => Decoded.Header;

    /// <summary>The tensors, in the request's order.</summary>
    public IReadOnlyList<NamedTensor> Inputs => Decoded.Inputs;

    /// <summary>Reads the message. Every raw tensor is copied once, from the received pieces into aligned memory.</summary>
    /// <param name="message">The received bytes; nothing of the result refers to them.</param>
    /// <param name="limits">What is refused as too large.</param>
    /// <param name="receiving">Told of the memory that tensors take, before it is taken; it refuses by throwing.</param>
    /// <exception cref="ServingException">The 70x family; <see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static GrpcInferenceRequest Parse(ReadOnlySequence<byte> message, ProtocolLimits limits, Action<long>? receiving = null)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return GrpcMessage.Read(message, sequence =>
        {
            var parser = new GrpcInferenceRequestParser(limits, receiving);
            return parser.Parse(new ProtobufSequenceReader(sequence));
        });
    }

    /// <summary>The id of a message that may be refused otherwise, so that the refusal can carry it; null when there is none to be had.</summary>
    public static string? FindId(ReadOnlySequence<byte> message)
    {
        const int Id = 3;
        string? id = null;
        try
        {
            var reader = new ProtobufSequenceReader(message);
            while (reader.TryReadField())
            {
                id = reader is { FieldNumber: Id, WireType: ProtobufWireType.LengthDelimited } ? reader.ReadString(ProtocolLimits.MaxNameLength) : id;
            }
        }
        catch (ProtobufException)
        {
            // What stands before the fault is as good as the rest of the message.
        }

        return id is { Length: > 0 } ? id : null;
    }

    /// <inheritdoc/>
    public void Dispose() => Decoded.Dispose();
}
