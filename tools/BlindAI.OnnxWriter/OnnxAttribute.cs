using System.Diagnostics.CodeAnalysis;
using System.Text;
using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>A named constant of a node.</summary>
/// <remarks>Source: onnx/onnx.proto, AttributeProto and AttributeProto.AttributeType.</remarks>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "Attribute is the word of the ONNX format.")]
public sealed class OnnxAttribute
{
    private readonly string _name;
    private readonly int _type;
    private readonly Action<ProtobufWriter> _writeValue;

    private OnnxAttribute(string name, int type, Action<ProtobufWriter> writeValue)
    {
        _name = name;
        _type = type;
        _writeValue = writeValue;
    }

    public static OnnxAttribute Float(string name, float value) => new(name, 1, writer => writer.WriteSingle(2, value));

    public static OnnxAttribute Int(string name, long value) => new(name, 2, writer => writer.WriteInt64(3, value));

    public static OnnxAttribute String(string name, string value) => new(name, 3, writer => writer.WriteString(4, value));

    public static OnnxAttribute Tensor(string name, OnnxTensor value) => new(name, 4, writer => writer.WriteMessage(5, ((string?)null, value), OnnxTensor.Write));

    /// <summary>A sub-graph, as If and Loop have them; it sees the values of the graph around it.</summary>
    public static OnnxAttribute Graph(string name, OnnxGraph value) => new(name, 5, writer => writer.WriteMessage(6, value, OnnxGraph.Write));

    public static OnnxAttribute Floats(string name, params float[] values) => new(name, 6, writer =>
    {
        foreach (var value in values)
        {
            writer.WriteSingle(7, value);
        }
    });

    public static OnnxAttribute Ints(string name, params long[] values) => new(name, 7, writer =>
    {
        foreach (var value in values)
        {
            writer.WriteInt64(8, value);
        }
    });

    public static OnnxAttribute Strings(string name, params string[] values) => new(name, 8, writer =>
    {
        foreach (var value in values)
        {
            writer.WriteBytes(9, Encoding.UTF8.GetBytes(value));
        }
    });

    internal static void Write(ProtobufWriter writer, OnnxAttribute attribute)
    {
        writer.WriteString(1, attribute._name);     // name
        attribute._writeValue(writer);              // f, i, s, t, g, floats, ints or strings
        writer.WriteInt64(20, attribute._type);     // type
    }
}
