using System.Collections.Frozen;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Engines;

/// <summary>Reads a model before ONNX Runtime, which is native code, does, and refuses what no honest exporter writes.</summary>
/// <remarks>
/// 1. It is a protobuf and not ONNX Runtime's own flatbuffer format. 2. It has one graph and versions that the runtime knows. 3. Every operator
/// is of a known domain or one of the model's own functions. 4. Sub-graphs and functions are bounded, the latter also in what they expand to.
/// 5. Every constant holds as many bytes as its shape says. 6. External data stays inside the bundle's own files.
/// 7. Inputs and outputs are tensors, and a C string holds their names.
/// A singular field given twice is refused throughout: parsers disagree on what that means. Source: onnx/onnx.proto; field numbers stand beside their names.
/// Messages name operators, domains, inputs and outputs, and no other content.
/// </remarks>
internal sealed class OnnxInspector
{
    /// <summary>Newest file format and operator sets of ONNX Runtime 1.31.</summary>
    public const int MaxIrVersion = 13;

    private const string NotOnnxHint = "is this an .onnx file?";

    /// <summary>What to do with a model whose inputs or outputs are no tensors.</summary>
    internal const string NotTensorHint = "take the elements out inside the model, or export without sequences and maps (for scikit-learn: zipmap=False).";

    private const int MaxSubgraphDepth = 16;

    // Model, then graph, node and attribute for each level of sub-graphs, then tensor and entry.
    internal const int MaxMessageDepth = 1 + (3 * (MaxSubgraphDepth + 1)) + 3;

    // Ten times what the largest published models have.
    private const int MaxNodes = 500_000;
    private const int MaxTensors = 500_000;
    private const int MaxFunctions = 4096;

    private static readonly FrozenDictionary<string, int> NewestOpsets = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [""] = 26,
        ["ai.onnx"] = 26,
        ["ai.onnx.ml"] = 5,
        ["com.microsoft"] = 1,
        ["com.microsoft.nchwc"] = 1,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly ModelBundle _bundle;
    private readonly BundleFile _model;
    private readonly OnnxFunctions _functions = new();
    private readonly HashSet<string> _foreignDomains = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withoutRank = new(StringComparer.Ordinal);
    private readonly List<string> _inputs = [];
    private readonly OnnxTensorInspector _tensors;
    private int _nodes;
    private int _tensorCount;
    private bool _hasLoops;
    private bool _shapesByValue;
    private bool _sharesScales;

    private OnnxInspector(ModelBundle bundle)
    {
        _bundle = bundle;
        _model = bundle.ModelFile;
        _tensors = new OnnxTensorInspector(bundle, _model.Entry.Path.FolderPrefix);
    }

    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelInvalid"/>, <see cref="ServingCode.ModelUnsupported"/>, <see cref="ServingCode.ExternalDataRefused"/>;
    /// <see cref="ServingCode.BundleInvalid"/>: no file in the bundle is the model.
    /// </exception>
    public static OnnxFacts Inspect(ModelBundle bundle)
    {
        var inspector = new OnnxInspector(bundle);
        try
        {
            inspector.InspectModel();
        }
        catch (ProtobufException exception)
        {
            throw new ServingException(ServingCode.ModelInvalid, $"The model is not well-formed ONNX: {exception.Message}.", NotOnnxHint, exception);
        }

        return new()
        {
            Model = inspector._model,
            ExternalFiles = inspector._tensors.ExternalFiles,
            Inputs = inspector._inputs,
            WithoutRank = inspector._withoutRank,
            Traits = new(inspector._hasLoops, inspector._shapesByValue, inspector._sharesScales),
        };
    }

    private void InspectModel()
    {
        var bytes = _model.Bytes.AsSpan();
        if (bytes.Length >= 8 && bytes[4..8].SequenceEqual("ORTM"u8))
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model is in ONNX Runtime's own .ort format.", "upload the .onnx file.");
        }

        var model = new ProtobufReader(bytes, MaxMessageDepth);
        var irVersion = 0L;
        var seen = new SingularFields();
        while (model.TryReadField())
        {
            switch (model.FieldNumber)
            {
                case 1:                                                                     // ir_version
                    seen.Once(1);
                    irVersion = model.ReadInt64();
                    break;
                case 7:                                                                     // graph
                    seen.Once(7);
                    InspectGraph(model.ReadMessage(), caller: null, depth: 0);
                    break;
                case 8:                                                                     // opset_import
                    InspectImport(model.ReadMessage());
                    break;
                case 20:                                                                    // training_info
                    throw new ServingException(ServingCode.ModelUnsupported, "The model carries training information.", "export it for inference.");
                case 25:                                                                    // functions
                    InspectFunction(model.ReadMessage());
                    break;
            }
        }

        if (!seen.Has(7))
        {
            throw new ServingException(ServingCode.ModelInvalid, "The file is not an ONNX model: it has no graph.", NotOnnxHint);
        }

        if (irVersion is < 1 or > MaxIrVersion)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model has ONNX file format (IR) version {irVersion}; 1 to {MaxIrVersion} are supported.",
                "export it with an older version of onnx.");
        }

        _functions.Check();
        foreach (var domain in _foreignDomains)
        {
            if (!_functions.HasDomain(domain))
            {
                throw UnknownDomain(domain);
            }
        }
    }

    private void InspectImport(ProtobufReader import)
    {
        var domain = "";
        var version = 0L;
        var seen = new SingularFields();
        while (import.TryReadField())
        {
            switch (import.FieldNumber)
            {
                case 1:                                                                     // domain
                    seen.Once(1);
                    domain = import.ReadString();
                    break;
                case 2:                                                                     // version
                    seen.Once(2);
                    version = import.ReadInt64();
                    break;
            }
        }

        if (!NewestOpsets.TryGetValue(domain, out var newest))
        {
            _ = _foreignDomains.Add(domain);
        }
        else if (version < 1 || version > newest)
        {
            throw new ServingException(ServingCode.ModelUnsupported,
                $"The model uses version {version} of the operators \"{DomainName(domain)}\"; 1 to {newest} are supported.", "export it with an older opset.");
        }
    }

    private void InspectGraph(ProtobufReader graph, OnnxFunction? caller, int depth)
    {
        if (depth > MaxSubgraphDepth)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model nests graphs deeper than {MaxSubgraphDepth}.");
        }

        while (graph.TryReadField())
        {
            switch (graph.FieldNumber)
            {
                case 1:                                                                     // node
                    InspectNode(graph.ReadMessage(), caller, depth);
                    break;
                case 5:                                                                     // initializer
                    InspectTensor(graph.ReadMessage(), mayBeExternal: depth == 0);
                    break;
                case 11 or 12 when depth == 0:                                              // input, output
                    InspectValue(graph.FieldNumber == 11 ? "input" : "output", graph.ReadMessage());
                    break;
                case 15:                                                                    // sparse_initializer
                    InspectSparseTensor(graph.ReadMessage());
                    break;
            }
        }
    }

    private void InspectNode(ProtobufReader node, OnnxFunction? caller, int depth)
    {
        if (++_nodes > MaxNodes)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model has more than {MaxNodes} nodes.");
        }

        var (domain, operatorType) = ("", "");
        var seen = new SingularFields();
        while (node.TryReadField())
        {
            switch (node.FieldNumber)
            {
                case 4:                                                                     // op_type
                    seen.Once(4);
                    operatorType = node.ReadString();
                    break;
                case 5:                                                                     // attribute
                    InspectAttribute(node.ReadMessage(), caller, depth);
                    break;
                case 7:                                                                     // domain
                    seen.Once(7);
                    domain = node.ReadString();
                    break;
            }
        }

        if (operatorType == "EPContext")
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model refers to compiled code of an execution provider (EPContext).",
                "upload the model that it was compiled from.");
        }

        _hasLoops |= operatorType is "Loop" or "Scan";
        _shapesByValue |= operatorType is "NonZero" or "Compress" or "Unique" or "NonMaxSuppression" or "StringSplit" or "Range";
        _sharesScales |= operatorType.StartsWith("DynamicQuantize", StringComparison.Ordinal);
        if (!NewestOpsets.ContainsKey(domain))
        {
            _ = _foreignDomains.Add(domain);
        }

        _functions.AddCall(caller, domain, operatorType, isForeign: !NewestOpsets.ContainsKey(domain));
    }

    private void InspectAttribute(ProtobufReader attribute, OnnxFunction? caller, int depth)
    {
        var seen = new SingularFields();
        while (attribute.TryReadField())
        {
            switch (attribute.FieldNumber)
            {
                case 5:                                                                     // t
                    seen.Once(5);
                    InspectTensor(attribute.ReadMessage(), mayBeExternal: false);
                    break;
                case 6:                                                                     // g
                    seen.Once(6);
                    InspectGraph(attribute.ReadMessage(), caller, depth + 1);
                    break;
                case 10:                                                                    // tensors
                    InspectTensor(attribute.ReadMessage(), mayBeExternal: false);
                    break;
                case 11:                                                                    // graphs
                    InspectGraph(attribute.ReadMessage(), caller, depth + 1);
                    break;
                case 22:                                                                    // sparse_tensor
                    seen.Once(22);
                    InspectSparseTensor(attribute.ReadMessage());
                    break;
                case 23:                                                                    // sparse_tensors
                    InspectSparseTensor(attribute.ReadMessage());
                    break;
            }
        }
    }

    private void InspectFunction(ProtobufReader function)
    {
        var body = _functions.Open(MaxFunctions);
        var (domain, name) = ("", "");
        var seen = new SingularFields();
        while (function.TryReadField())
        {
            switch (function.FieldNumber)
            {
                case 1:                                                                     // name
                    seen.Once(1);
                    name = function.ReadString();
                    break;
                case 7:                                                                     // node
                    InspectNode(function.ReadMessage(), body, depth: 1);
                    break;
                case 9:                                                                     // opset_import
                    InspectImport(function.ReadMessage());
                    break;
                case 10:                                                                    // domain
                    seen.Once(10);
                    domain = function.ReadString();
                    break;
                case 11:                                                                    // attribute_proto
                    InspectAttribute(function.ReadMessage(), body, depth: 1);
                    break;
            }
        }

        _functions.Close(body, domain, name);
    }

    private void InspectSparseTensor(ProtobufReader sparse)
    {
        var seen = new SingularFields();
        while (sparse.TryReadField())
        {
            if (sparse.FieldNumber is 1 or 2)                                               // values, indices
            {
                seen.Once(sparse.FieldNumber);
                InspectTensor(sparse.ReadMessage(), mayBeExternal: false);
            }
        }
    }

    private void InspectTensor(ProtobufReader tensor, bool mayBeExternal)
    {
        if (++_tensorCount > MaxTensors)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model has more than {MaxTensors} constants.");
        }

        _tensors.Inspect(tensor, mayBeExternal);
    }

    private void InspectValue(string role, ProtobufReader value)
    {
        var name = "";
        var hasShape = false;
        string? kind = null;
        var elementType = OnnxTypes.Undefined;
        var seen = new SingularFields();
        while (value.TryReadField())
        {
            switch (value.FieldNumber)
            {
                case 1:                                                                     // name
                    seen.Once(1);
                    name = value.ReadString();
                    break;
                case 2:                                                                     // type
                    seen.Once(2);
                    (kind, elementType, hasShape) = InspectType(value.ReadMessage());
                    break;
            }
        }

        // ONNX Runtime's interface takes names as C strings, and would find another value.
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ServingException(ServingCode.ModelInvalid, $"The name of an {role} of the model is empty or holds a NUL.");
        }

        if (kind is not null)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The {role} \"{Shorten(name)}\" is {kind}, and the protocol carries tensors.", NotTensorHint);
        }

        if (elementType != OnnxTypes.Undefined && OnnxTypes.Find(elementType) is null)
        {
            throw NotCarried(role, name);
        }

        if (role == "input")
        {
            _inputs.Add(name);
        }

        // A value without type.tensor_type.shape has any number of dimensions.
        if (!hasShape)
        {
            _ = _withoutRank.Add(name);
        }
    }

    /// <summary>The refusal of an element type that ONNX has and the protocol has not.</summary>
    internal static ServingException NotCarried(string role, string name) => new(ServingCode.ModelUnsupported,
        $"The {role} \"{Shorten(name)}\" has an element type that the protocol cannot carry.", "cast it to a supported type inside the model.");

    // What else than a tensor the type is, and what a tensor states of itself. An output may state nothing: ONNX Runtime then infers its type.
    private static (string? Kind, int ElementType, bool HasShape) InspectType(ProtobufReader type)
    {
        string? kind = null;
        var elementType = OnnxTypes.Undefined;
        var hasShape = false;
        while (type.TryReadField())
        {
            switch (type.FieldNumber)
            {
                case 1:                                                                     // tensor_type
                    var tensor = type.ReadMessage();
                    while (tensor.TryReadField())
                    {
                        switch (tensor.FieldNumber)
                        {
                            case 1:                                                         // elem_type
                                elementType = tensor.ReadInt32();
                                break;
                            case 2:                                                         // shape
                                hasShape = true;
                                break;
                        }
                    }

                    break;
                case 4:
                    kind = "a sequence";
                    break;
                case 5:
                    kind = "a map";
                    break;
                case 7:
                    kind = "an opaque value";
                    break;
                case 8:
                    kind = "a sparse tensor";
                    break;
                case 9:
                    kind = "an optional value";
                    break;
            }
        }

        return (kind, elementType, hasShape);
    }

    private static ServingException UnknownDomain(string domain) => new(ServingCode.ModelUnsupported,
        $"The model uses operators of the domain \"{DomainName(domain)}\", which are not available.", "custom operators are native code and are never loaded.");

    private static string DomainName(string domain) => domain.Length == 0 ? "ai.onnx" : Shorten(domain);

    private static string Shorten(string name) => name[..Math.Min(name.Length, 64)].ReplaceLineEndings(" ");
}
