using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>Writes a tensor's data as a flat JSON array, row-major.</summary>
public static class JsonTensorWriter
{
    /// <summary>Writes the elements; the caller has made sure that they have a JSON form.</summary>
    /// <exception cref="InvalidOperationException">FP16 and BF16 have none.</exception>
    public static void Write(Utf8JsonWriter writer, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(tensor);
        writer.WriteStartArray();
        switch (tensor.Datatype)
        {
            case TensorDatatype.Bool: WriteAll(writer, tensor.AsSpan<bool>(), static (writer, value) => writer.WriteBooleanValue(value)); break;
            case TensorDatatype.UInt8: WriteAll(writer, tensor.AsSpan<byte>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.UInt16: WriteAll(writer, tensor.AsSpan<ushort>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.UInt32: WriteAll(writer, tensor.AsSpan<uint>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.UInt64: WriteAll(writer, tensor.AsSpan<ulong>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Int8: WriteAll(writer, tensor.AsSpan<sbyte>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Int16: WriteAll(writer, tensor.AsSpan<short>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Int32: WriteAll(writer, tensor.AsSpan<int>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Int64: WriteAll(writer, tensor.AsSpan<long>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Fp32: WriteAll(writer, tensor.AsSpan<float>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Fp64: WriteAll(writer, tensor.AsSpan<double>(), static (writer, value) => writer.WriteNumberValue(value)); break;
            case TensorDatatype.Bytes:
                foreach (var element in tensor.ByteStrings())
                {
                    writer.WriteStringValue(element);
                }

                break;
            default:
                throw new InvalidOperationException($"{tensor.Datatype.WireName()} has no JSON form.");
        }

        writer.WriteEndArray();
    }

    private static void WriteAll<T>(Utf8JsonWriter writer, ReadOnlySpan<T> values, Action<Utf8JsonWriter, T> write)
    {
        foreach (var value in values)
        {
            write(writer, value);
        }
    }
}
