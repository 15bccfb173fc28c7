using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>A graph in the making: nodes in topological order, constants, inputs and outputs.</summary>
/// <remarks>
/// Source: onnx/onnx.proto, GraphProto. Nothing is checked: a model that no runtime takes can be written as well.
/// <code>
/// var bytes = new OnnxGraph("affine")
///     .Input("x", OnnxType.Float, "batch", 30)
///     .Constant("w", OnnxTensor.Of&lt;float&gt;(weights, 30, 2))
///     .Node("MatMul", ["x", "w"], ["y"])
///     .Output("y", OnnxType.Float, "batch", 2)
///     .ToModel()
///     .Encode();
/// </code>
/// </remarks>
public sealed class OnnxGraph(string name)
{
    private readonly string _name = name;
    private readonly List<NodeProto> _nodes = [];
    private readonly List<(string? Name, OnnxTensor Tensor)> _initializers = [];
    private readonly List<ValueInfoProto> _inputs = [];
    private readonly List<ValueInfoProto> _outputs = [];
    private readonly List<ValueInfoProto> _values = [];

    /// <summary>Adds an input; no dimensions make it a scalar.</summary>
    public OnnxGraph Input(string name, OnnxType type, params ReadOnlySpan<OnnxDimension> dimensions) => Input(name, OnnxTypeProto.Tensor(type, dimensions));

    /// <summary>Adds an input of any type.</summary>
    public OnnxGraph Input(string name, OnnxTypeProto type)
    {
        _inputs.Add(new(name, type));
        return this;
    }

    /// <summary>Adds an output; no dimensions make it a scalar.</summary>
    public OnnxGraph Output(string name, OnnxType type, params ReadOnlySpan<OnnxDimension> dimensions) => Output(name, OnnxTypeProto.Tensor(type, dimensions));

    /// <summary>Adds an output of any type.</summary>
    public OnnxGraph Output(string name, OnnxTypeProto type)
    {
        _outputs.Add(new(name, type));
        return this;
    }

    /// <summary>States the type of a value between two nodes.</summary>
    public OnnxGraph Value(string name, OnnxType type, params ReadOnlySpan<OnnxDimension> dimensions) => Value(name, OnnxTypeProto.Tensor(type, dimensions));

    /// <summary>States any type of a value between two nodes.</summary>
    public OnnxGraph Value(string name, OnnxTypeProto type)
    {
        _values.Add(new(name, type));
        return this;
    }

    /// <summary>Adds a constant (an initializer).</summary>
    public OnnxGraph Constant(string name, OnnxTensor tensor)
    {
        _initializers.Add((name, tensor));
        return this;
    }

    /// <summary>Adds a node of the standard operators. An empty input name leaves an optional input out.</summary>
    public OnnxGraph Node(string operatorType, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<OnnxAttribute> attributes) =>
        NodeOf("", operatorType, inputs, outputs, attributes);

    /// <summary>Adds a node of another operator domain, such as <c>ai.onnx.ml</c>; the model must import it.</summary>
    public OnnxGraph NodeOf(
        string domain, string operatorType, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        _nodes.Add(new(domain, operatorType, inputs.ToArray(), outputs.ToArray(), attributes.ToArray()));
        return this;
    }

    /// <summary>Makes a model of this graph, importing one version of the standard operators.</summary>
    public OnnxModel ToModel(int opset = OnnxModel.DefaultOpset) => new OnnxModel(this).Import("", opset);

    internal static void Write(ProtobufWriter writer, OnnxGraph graph)
    {
        foreach (var node in graph._nodes)
        {
            writer.WriteMessage(1, node, WriteNode);                        // node
        }

        writer.WriteString(2, graph._name);                                 // name
        foreach (var initializer in graph._initializers)
        {
            writer.WriteMessage(5, initializer, OnnxTensor.Write);          // initializer
        }

        WriteValues(writer, 11, graph._inputs);                             // input
        WriteValues(writer, 12, graph._outputs);                            // output
        WriteValues(writer, 13, graph._values);                             // value_info
    }

    // Source: onnx/onnx.proto, FunctionProto: names instead of typed inputs and outputs, and no constants.
    internal static void WriteAsFunction(ProtobufWriter writer, (string Domain, long Opset, OnnxGraph Body) function)
    {
        var graph = function.Body;
        writer.WriteString(1, graph._name);                                 // name
        foreach (var input in graph._inputs)
        {
            writer.WriteString(4, input.Name);                              // input
        }

        foreach (var output in graph._outputs)
        {
            writer.WriteString(5, output.Name);                             // output
        }

        foreach (var node in graph._nodes)
        {
            writer.WriteMessage(7, node, WriteNode);                        // node
        }

        writer.WriteMessage(9, new KeyValuePair<string, long>("", function.Opset), OnnxModel.WriteImport);     // opset_import
        writer.WriteString(10, function.Domain);                            // domain
    }

    // Source: onnx/onnx.proto, NodeProto. Its name is left out: errors then name the operator and its outputs.
    private static void WriteNode(ProtobufWriter writer, NodeProto node)
    {
        foreach (var input in node.Inputs)
        {
            writer.WriteString(1, input);                                   // input
        }

        foreach (var output in node.Outputs)
        {
            writer.WriteString(2, output);                                  // output
        }

        writer.WriteString(4, node.OperatorType);                           // op_type
        foreach (var attribute in node.Attributes)
        {
            writer.WriteMessage(5, attribute, OnnxAttribute.Write);         // attribute
        }

        if (node.Domain.Length > 0)
        {
            writer.WriteString(7, node.Domain);                             // domain
        }
    }

    private static void WriteValues(ProtobufWriter writer, int field, List<ValueInfoProto> values)
    {
        foreach (var value in values)
        {
            writer.WriteMessage(field, value, WriteValue);
        }
    }

    // Source: onnx/onnx.proto, ValueInfoProto.
    private static void WriteValue(ProtobufWriter writer, ValueInfoProto value)
    {
        writer.WriteString(1, value.Name);                                  // name
        writer.WriteMessage(2, value.Type, OnnxTypeProto.Write);            // type
    }

    private sealed record NodeProto(string Domain, string OperatorType, string[] Inputs, string[] Outputs, OnnxAttribute[] Attributes);

    private sealed record ValueInfoProto(string Name, OnnxTypeProto Type);
}
