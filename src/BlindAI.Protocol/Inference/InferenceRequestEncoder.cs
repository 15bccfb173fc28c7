using System.Buffers;
using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>Writes an inference request: JSON in front, every tensor behind it in binary and uncopied.</summary>
public static class InferenceRequestEncoder
{
    /// <summary>Writes the JSON; the tensors' data follows it in the order of <paramref name="inputs"/>.</summary>
    /// <param name="inputs">The tensors.</param>
    /// <param name="wishes">What is asked for beside them.</param>
    public static ReadOnlyMemory<byte> EncodeHeader(IReadOnlyList<NamedTensor> inputs, InferenceWishes wishes)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(wishes);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("parameters"u8);
            writer.WriteBoolean("binary_data_output"u8, true);
            if (wishes.ModelDigests.Count > 0)
            {
                writer.WriteString("blindai_model_digest"u8, string.Join(',', wishes.ModelDigests));
            }

            if (wishes.Priority > 0)
            {
                writer.WriteNumber("priority"u8, wishes.Priority);
            }

            if (wishes.QueueTimeout is { } timeout)
            {
                // 0 would mean none.
                writer.WriteNumber("timeout"u8, Math.Max(1, (long)timeout.TotalMicroseconds));
            }

            writer.WriteEndObject();
            writer.WriteStartArray("inputs"u8);
            foreach (var (name, tensor) in inputs)
            {
                WriteInput(writer, name, tensor);
            }

            writer.WriteEndArray();
            if (wishes.Outputs.Count > 0)
            {
                writer.WriteStartArray("outputs"u8);
                foreach (var name in wishes.Outputs)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name"u8, name);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteInput(Utf8JsonWriter writer, string name, Tensor tensor)
    {
        writer.WriteStartObject();
        TensorJson.WriteDescription(writer, name, tensor);
        TensorJson.WriteBinarySize(writer, tensor);
        writer.WriteEndObject();
    }
}
