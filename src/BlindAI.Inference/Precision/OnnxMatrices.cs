using System.Globalization;
using BlindAI.Inference.Engines;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Precision;

/// <summary>The constant matrices of a main graph by name, and which of them only serve products.</summary>
/// <remarks>
/// A constant that is also an input, an output, or used by any other node or in a sub-graph stays as it is, so that nothing but products changes.
/// Source: onnx/onnx.proto, GraphProto and TensorProto; field numbers stand beside their names.
/// </remarks>
internal sealed class OnnxMatrices
{
    /// <summary>Elements below which a matrix stays: the integers of a smaller one gain nothing.</summary>
    public const int MinElements = 4096;

    private const int MaxElements = int.MaxValue / sizeof(float);

    private const int FloatType = 1;

    private readonly OnnxFacts _facts;
    private readonly Dictionary<string, FloatMatrix?> _matrices = new(StringComparer.Ordinal);

    private OnnxMatrices(OnnxFacts facts) => _facts = facts;

    /// <summary>Reads a main graph.</summary>
    /// <exception cref="ProtobufException">It is malformed.</exception>
    public static OnnxMatrices Read(ProtobufReader graph, OnnxFacts facts)
    {
        var matrices = new OnnxMatrices(facts);
        for (var reader = graph; reader.TryReadField();)
        {
            if (reader.FieldNumber == 5)                                                    // initializer
            {
                matrices.ReadInitializer(reader.ReadMessage());
            }
        }

        for (var reader = graph; reader.TryReadField();)
        {
            switch (reader.FieldNumber)
            {
                case 1:                                                                     // node
                    matrices.NoteNode(reader.ReadMessage());
                    break;
                case 11 or 12:                                                              // input, output
                    matrices.NoteValue(reader.ReadMessage());
                    break;
            }
        }

        return matrices;
    }

    /// <summary>The matrix of a name; null where there is none that may change.</summary>
    public FloatMatrix? Find(string name) => _matrices.GetValueOrDefault(name) is { IsUsable: true } matrix ? matrix : null;

    /// <summary>The name of an initializer.</summary>
    public static string NameOf(ProtobufReader tensor)
    {
        var name = "";
        while (tensor.TryReadField())
        {
            if (tensor.FieldNumber == 8)                                                    // name
            {
                name = tensor.ReadString();
            }
        }

        return name;
    }

    private void ReadInitializer(ProtobufReader tensor)
    {
        var dimensions = new List<long>();
        var (type, name, isDoubled) = (0L, "", false);
        var (start, length, lists) = (0, 0, 0);
        var external = new Dictionary<string, string>(StringComparer.Ordinal);
        while (tensor.TryReadField())
        {
            switch (tensor.FieldNumber)
            {
                case 1:                                                                     // dims
                    foreach (var dimension in tensor.ReadVarints())
                    {
                        if (dimensions.Count <= TensorShape.MaxRank)
                        {
                            dimensions.Add((long)dimension);
                        }
                    }

                    break;
                case 2:                                                                     // data_type
                    type = tensor.ReadInt64();
                    break;
                case 8:                                                                     // name
                    isDoubled |= name.Length > 0;
                    name = tensor.ReadString();
                    break;
                case 4 or 9:                                                                // float_data (packed), raw_data
                    length = (tensor.FieldNumber == 4 ? tensor.ReadFixed32s() : tensor.ReadBytes()).Length;
                    start = tensor.Offset - length;
                    lists++;
                    break;
                case 13:                                                                    // external_data
                    ReadEntry(tensor.ReadMessage(), external);
                    break;
            }
        }

        if (name.Length == 0 || isDoubled || !_matrices.TryAdd(name, null))
        {
            _matrices[name] = null;                                                         // whose it is would be a guess
            return;
        }

        var elements = CountElements(dimensions);
        if (type != FloatType || elements is < MinElements or > MaxElements)
        {
            return;
        }

        var bytes = (int)elements * sizeof(float);
        var data = external.Count > 0 ? FindExternal(external, bytes) : lists == 1 && length == bytes ? _facts.Model.Bytes.AsMemory(start, length) : null;
        if (data is { } values)
        {
            _matrices[name] = new([.. dimensions], values, external.Count > 0 ? bytes : 0);
        }
    }

    // 0 for what is no matrix and no stack of them.
    private static long CountElements(List<long> dimensions)
    {
        if (dimensions.Count is < 2 or > TensorShape.MaxRank)
        {
            return 0;
        }

        var elements = 1L;
        foreach (var dimension in dimensions)
        {
            elements = dimension is > 0 and <= MaxElements && elements <= MaxElements ? elements * dimension : 0;
        }

        return elements;
    }

    // The inspection held these to the bundle's files; what is not as it left them stays.
    private ReadOnlyMemory<byte>? FindExternal(Dictionary<string, string> entries, int bytes) =>
        _facts.ExternalFiles.TryGetValue(entries.GetValueOrDefault("location", ""), out var file)
        && int.TryParse(entries.GetValueOrDefault("offset", "0"), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
        && offset <= file.Bytes.Length && bytes <= file.Bytes.Length - offset
            ? file.Bytes.AsMemory(offset, bytes)
            : null;

    private static void ReadEntry(ProtobufReader entry, Dictionary<string, string> entries)
    {
        var (key, value) = ("", "");
        while (entry.TryReadField())
        {
            (key, value) = entry.FieldNumber switch
            {
                1 => (entry.ReadString(), value),                                           // key
                2 => (key, entry.ReadString()),                                             // value
                _ => (key, value),
            };
        }

        entries[key] = value;
    }

    private void NoteNode(ProtobufReader node)
    {
        var product = OnnxProduct.TryRead(node);
        if (product is not null && _matrices.GetValueOrDefault(product.Matrix) is { } matrix)
        {
            matrix.Use(product.IsTransposed, product.Alpha);
        }

        var position = 0;
        while (node.TryReadField())
        {
            switch (node.FieldNumber)
            {
                case 1:                                                                     // input
                    var name = node.ReadString();
                    if (product is null || position++ != 1)
                    {
                        Fix(name);
                    }

                    break;
                case 2:                                                                     // output: a value that is also a constant
                    Fix(node.ReadString());
                    break;
                case 5:                                                                     // attribute
                    NoteSubgraphs(node.ReadMessage());
                    break;
            }
        }
    }

    private void NoteSubgraphs(ProtobufReader attribute)
    {
        while (attribute.TryReadField())
        {
            if (attribute.FieldNumber is 6 or 11)                                           // g, graphs
            {
                NoteSubgraph(attribute.ReadMessage());
            }
        }
    }

    // As deep as the reader follows.
    private void NoteSubgraph(ProtobufReader graph)
    {
        while (graph.TryReadField())
        {
            switch (graph.FieldNumber)
            {
                case 1:                                                                     // node
                    var node = graph.ReadMessage();
                    while (node.TryReadField())
                    {
                        switch (node.FieldNumber)
                        {
                            case 1:                                                         // input
                                Fix(node.ReadString());
                                break;
                            case 5:                                                         // attribute
                                NoteSubgraphs(node.ReadMessage());
                                break;
                        }
                    }

                    break;
                case 12:                                                                    // output
                    NoteValue(graph.ReadMessage());
                    break;
            }
        }
    }

    private void NoteValue(ProtobufReader value)
    {
        while (value.TryReadField())
        {
            if (value.FieldNumber == 1)                                                     // name
            {
                Fix(value.ReadString());
            }
        }
    }

    private void Fix(string name) => _matrices.GetValueOrDefault(name)?.Fix();
}
