using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>The JSON members of a tensor that requests and answers share.</summary>
internal static class TensorJson
{
    /// <summary>Writes name, datatype and shape.</summary>
    public static void WriteDescription(Utf8JsonWriter writer, string name, Tensor tensor)
    {
        writer.WriteString("name"u8, name);
        writer.WriteString("datatype"u8, tensor.Datatype.WireName());
        writer.WriteStartArray("shape"u8);
        foreach (var dimension in tensor.Shape.Dimensions)
        {
            writer.WriteNumberValue(dimension);
        }

        writer.WriteEndArray();
    }

    /// <summary>Says that the data follows the JSON in binary, and in how many bytes.</summary>
    public static void WriteBinarySize(Utf8JsonWriter writer, Tensor tensor)
    {
        writer.WriteStartObject("parameters"u8);
        writer.WriteNumber("binary_data_size"u8, tensor.Data.Length);
        writer.WriteEndObject();
    }
}
