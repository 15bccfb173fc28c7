using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>Writes a tensor's values: the first few for people, all of them as JSON.</summary>
internal static class TensorOutput
{
    private const int PreviewCount = 8;

    private const int PreviewTextLength = 60;

    /// <summary>The first values, such as <c>0.5, 0.25, … 998 more</c>.</summary>
    public static string Preview(Tensor tensor)
    {
        var values = new List<string>(PreviewCount);
        if (tensor.Datatype == TensorDatatype.Bytes)
        {
            foreach (var element in tensor.ByteStrings())
            {
                if (values.Count == PreviewCount)
                {
                    break;
                }

                values.Add(Quote(element));
            }
        }
        else
        {
            for (var index = 0; index < Math.Min(tensor.Shape.ElementCount, PreviewCount); index++)
            {
                values.Add(ElementText(tensor, index));
            }
        }

        var more = tensor.Shape.ElementCount - values.Count;
        return string.Join(", ", values) + (more > 0 ? $", … {more} more" : "");
    }

    /// <summary>Whether JSON can carry every value: no NaN, no infinity, and BYTES that are text.</summary>
    public static bool HasJsonForm(Tensor tensor)
    {
        switch (tensor.Datatype)
        {
            case TensorDatatype.Fp16: return AllFinite(tensor.AsSpan<Half>(), Half.IsFinite);
            case TensorDatatype.Bf16: return AllFinite(ToSingles(tensor), float.IsFinite);
            case TensorDatatype.Fp32: return AllFinite(tensor.AsSpan<float>(), float.IsFinite);
            case TensorDatatype.Fp64: return AllFinite(tensor.AsSpan<double>(), double.IsFinite);
            case TensorDatatype.Bytes:
                foreach (var element in tensor.ByteStrings())
                {
                    if (!Utf8.IsValid(element))
                    {
                        return false;
                    }
                }

                return true;
            default: return true;
        }
    }

    /// <summary>Writes the values as a flat list. FP16 and BF16, which the protocol keeps out of JSON, are written as the singles that they equal.</summary>
    public static void WriteJson(Utf8JsonWriter writer, Tensor tensor) => JsonTensorWriter.Write(writer, tensor.Datatype switch
    {
        TensorDatatype.Fp16 => Tensor.From(Array.ConvertAll(tensor.ToArray<Half>(), static value => (float)value)),
        TensorDatatype.Bf16 => Tensor.From(ToSingles(tensor)),
        _ => tensor,
    });

    private static string ElementText(Tensor tensor, int index) => tensor.Datatype switch
    {
        TensorDatatype.Bool => tensor.AsSpan<bool>()[index] ? "true" : "false",
        TensorDatatype.UInt8 => Text(tensor.AsSpan<byte>()[index]),
        TensorDatatype.UInt16 => Text(tensor.AsSpan<ushort>()[index]),
        TensorDatatype.UInt32 => Text(tensor.AsSpan<uint>()[index]),
        TensorDatatype.UInt64 => Text(tensor.AsSpan<ulong>()[index]),
        TensorDatatype.Int8 => Text(tensor.AsSpan<sbyte>()[index]),
        TensorDatatype.Int16 => Text(tensor.AsSpan<short>()[index]),
        TensorDatatype.Int32 => Text(tensor.AsSpan<int>()[index]),
        TensorDatatype.Int64 => Text(tensor.AsSpan<long>()[index]),
        TensorDatatype.Fp16 => Text(tensor.AsSpan<Half>()[index]),
        TensorDatatype.Bf16 => Text(ToSingle(tensor.Data.Span, index)),
        TensorDatatype.Fp32 => Text(tensor.AsSpan<float>()[index]),
        TensorDatatype.Fp64 => Text(tensor.AsSpan<double>()[index]),
        _ => throw new InvalidOperationException("Not a number type."),
    };

    private static string Text<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static string Quote(ReadOnlySpan<byte> element)
    {
        var text = Encoding.UTF8.GetString(element[..Math.Min(element.Length, PreviewTextLength)]);
        return $"\"{text}\"{(element.Length > PreviewTextLength ? "…" : "")}";
    }

    private static bool AllFinite<T>(ReadOnlySpan<T> values, Func<T, bool> isFinite)
    {
        foreach (var value in values)
        {
            if (!isFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    private static float[] ToSingles(Tensor tensor)
    {
        var values = new float[tensor.Shape.ElementCount];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = ToSingle(tensor.Data.Span, index);
        }

        return values;
    }

    // BF16 is the upper half of a single.
    private static float ToSingle(ReadOnlySpan<byte> data, int index) =>
        BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * index)..]) << 16);
}
