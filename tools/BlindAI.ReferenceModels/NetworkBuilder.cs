using System.Globalization;
using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels;

/// <summary>A graph in the making that names its own values: layers take names of values and give names of values.</summary>
/// <remarks>Layers are extension methods, in the namespace Layers. The same calls give the same file.</remarks>
public sealed class NetworkBuilder(string name, ulong seed)
{
    /// <summary>The dimension that every input and output has first.</summary>
    public const string Batch = "batch";

    /// <summary>The dimension of the tokens of a text.</summary>
    public const string Sequence = "sequence";

    private readonly List<TensorDescription> _inputs = [];

    private readonly List<TensorDescription> _outputs = [];

    private int _count;

    /// <summary>Where weights come from.</summary>
    public SeededWeights Weights { get; } = new(seed);

    /// <summary>The graph, for what no layer does.</summary>
    public OnnxGraph Graph { get; } = new(name);

    /// <summary>Adds an input and answers its name.</summary>
    public string Input(string name, OnnxType type, params OnnxDimension[] dimensions)
    {
        Graph.Input(name, type, dimensions);
        _inputs.Add(new(name, type, dimensions));
        return name;
    }

    /// <summary>Makes a value an output of that name.</summary>
    public void Output(string value, string name, OnnxType type, params OnnxDimension[] dimensions)
    {
        Graph.Node("Identity", [value], [name]).Output(name, type, dimensions);
        _outputs.Add(new(name, type, dimensions));
    }

    /// <summary>Adds a constant and answers its name.</summary>
    public string Constant(OnnxTensor tensor, string role = "constant")
    {
        var name = Name(role);
        Graph.Constant(name, tensor);
        return name;
    }

    /// <summary>Adds a node with one output and answers the output's name.</summary>
    public string Node(string operatorType, ReadOnlySpan<string> inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        var output = Name(operatorType);
        Graph.Node(operatorType, inputs, [output], attributes);
        return output;
    }

    /// <summary>The finished model.</summary>
    public ReferenceModel Build() => new(name, Graph.ToModel().Producer("BlindAI.ReferenceModels"), [.. _inputs], [.. _outputs]);

    private string Name(string role) => string.Create(CultureInfo.InvariantCulture, $"{role}_{_count++}");
}
