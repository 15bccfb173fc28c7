using System.Buffers;
using System.Globalization;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary><c>inference.ModelInferResponse</c>, its outputs always in raw_output_contents: a head that is small, and sections that are written from where they lie.</summary>
/// <remarks>Source: Open Inference Protocol v2, gRPC; docs/wire-protocol.md, clause 11.</remarks>
public sealed class GrpcInferenceResponseEncoder
{
    private const int RawOutputContents = 6;

    private readonly IReadOnlyList<NamedTensor> _outputs;
    private readonly ArrayBufferWriter<byte> _head = new();

    /// <summary>Prepares an answer.</summary>
    /// <param name="model">Which model answered.</param>
    /// <param name="version">Its version.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="digest">The model's digest, the parameter <c>blindai_model_digest</c>.</param>
    /// <param name="outputs">The outputs, whose memory must stay until everything is written.</param>
    /// <param name="inStream">Whether it is the infer_response of a <c>ModelStreamInferResponse</c>.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.ResponseTooLarge"/>: no message can be that large.</exception>
    public GrpcInferenceResponseEncoder(string model, int version, string? id, string digest, IReadOnlyList<NamedTensor> outputs, bool inStream = false)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _outputs = outputs;
        var writer = new ProtobufWriter(_head);
        writer.WriteString(1, model);
        writer.WriteString(2, version.ToString(CultureInfo.InvariantCulture));
        WriteId(writer, id);
        WriteParameter(writer, "blindai_model_digest", value => value.WriteString(3, digest));
        foreach (var output in outputs)
        {
            writer.WriteMessage(5, output, static (message, output) =>
            {
                message.WriteString(1, output.Name);
                message.WriteString(2, output.Tensor.Datatype.WireName());
                message.WritePacked(3, output.Tensor.Shape.Dimensions);
            });
        }

        var length = _head.WrittenCount + outputs.Sum(output => ProtobufWriter.LengthOfBytes(RawOutputContents, output.Tensor.Data.Length));
        if (inStream)
        {
            // Length first, so the head is written again behind it; it has a few hundred bytes.
            var message = _head.WrittenSpan.ToArray();
            _head.ResetWrittenCount();
            writer.WriteBytesHeader(2, length);
            length += _head.WrittenCount;
            _head.Write(message);
        }

        Length = length <= int.MaxValue
            ? (int)length
            : throw new ServingException(ServingCode.ResponseTooLarge, "The outputs are over 2 GiB, which no gRPC message carries.", "ask for fewer outputs at once, or use REST.");
    }

    /// <summary>Bytes of the whole message.</summary>
    public int Length { get; }

    /// <summary>Everything before the outputs' data.</summary>
    public ReadOnlyMemory<byte> Head => _head.WrittenMemory;

    /// <summary>The outputs' data, in their order; each is written behind what <see cref="WriteSectionHeader"/> writes.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Sections => _outputs.Select(output => output.Tensor.Data);

    /// <summary>Writes what stands before a section.</summary>
    public static void WriteSectionHeader(IBufferWriter<byte> destination, ReadOnlyMemory<byte> section) => new ProtobufWriter(destination).WriteBytesHeader(RawOutputContents, section.Length);

    /// <summary>A <c>ModelStreamInferResponse</c> that refuses one request: error_message, and an infer_response with the id and the parameter <c>blindai_code</c>.</summary>
    public static byte[] EncodeRefusal(string error, string? id, int code) => ProtobufWriter.Encode((error, id, code), static (writer, refusal) =>
    {
        writer.WriteString(1, refusal.error);
        writer.WriteMessage(2, refusal, static (response, refusal) =>
        {
            WriteId(response, refusal.id);
            WriteParameter(response, "blindai_code", value => value.WriteInt64(2, refusal.code));
        });
    });

    private static void WriteId(ProtobufWriter writer, string? id)
    {
        if (id is not null)
        {
            writer.WriteString(3, id);
        }
    }

    private static void WriteParameter(ProtobufWriter writer, string name, Action<ProtobufWriter> write) => writer.WriteMessage(4, (name, write), static (entry, parameter) =>
    {
        entry.WriteString(1, parameter.name);
        entry.WriteMessage(2, parameter.write, static (value, write) => write(value));
    });
}
