using System.Buffers;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Precision;

/// <summary>Rewrites a model so that products with constant matrices are of 8-bit integers, their activations quantised as they come.</summary>
/// <remarks>
/// MatMul(a, w) becomes DynamicQuantizeLinear(a), MatMulInteger, Cast and Mul with the scales of both; Gemm the same with an Add of its bias, its alpha in the
/// scales. Every other byte stays. New names begin with a part of the model's own SHA-256, which no model can hold. An activation that several products share
/// is quantised once. Pure: the same model gives the same bytes. Source: ONNX operators of those names; docs/precision.md.
/// </remarks>
internal sealed class Int8Rewriter
{
    /// <summary>The transformation and its version: a change of what it makes takes another number.</summary>
    public const string Transformation = "dynamic-int8-1";

    // DynamicQuantizeLinear came with version 11.
    private const long MinOpset = 11;

    // Ten times the products of the largest published models; each becomes up to six nodes.
    private const int MaxProducts = 20_000;

    private const int FloatType = 1;
    private const int Int8Type = 3;

    private const string AsUploadedHint = "upload it with precision=as-uploaded.";

    private readonly ModelBundle _bundle;
    private readonly OnnxFacts _facts;
    private readonly string _prefix;
    private readonly PieceList _model;
    private readonly Dictionary<FloatMatrix, (string Name, Int8Matrix Integers)?> _integers = [];
    private readonly Dictionary<string, string> _activations = new(StringComparer.Ordinal);
    private OnnxMatrices _matrices = null!;
    private long _weights;
    private long _externalBytes;
    private int _count;
    private int _products;

    private Int8Rewriter(ModelBundle bundle, OnnxFacts facts)
    {
        (_bundle, _facts) = (bundle, facts);
        _prefix = $"int8/{facts.Model.Entry.Sha256[..32]}/";
        _model = new(facts.Model.Bytes);
    }

    /// <summary>Makes the derived form.</summary>
    /// <returns>The form, and its ONNX file: the caller's to zero.</returns>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelUnsupported"/>: nothing in it can become integers, or its operators are too old; <see cref="ServingCode.ModelInvalid"/>.
    /// </exception>
    public static (DerivedForm Form, BundleFile File) Rewrite(ModelBundle bundle, OnnxFacts facts)
    {
        var rewriter = new Int8Rewriter(bundle, facts);
        try
        {
            rewriter.RewriteModel();
        }
        catch (ProtobufException exception)
        {
            throw new ServingException(ServingCode.ModelInvalid, $"The model is not well-formed ONNX: {exception.Message}.", innerException: exception);
        }

        var before = facts.Model.Bytes.Length + rewriter._externalBytes;
        var (bytes, sha256) = rewriter._model.Write(before);
        var form = new DerivedForm { Transformation = Transformation, Sha256 = sha256, Matrices = rewriter._count, BytesBefore = before, BytesAfter = bytes.Length };
        return (form, new(new ManifestEntry(facts.Model.Entry.Path, bytes.Length, sha256), bytes));
    }

    private void RewriteModel()
    {
        var model = new ProtobufReader(_facts.Model.Bytes, OnnxInspector.MaxMessageDepth);
        var hasOperators = false;
        for (var start = 0; model.TryReadField(); start = model.Offset)
        {
            switch (model.FieldNumber)
            {
                case 7:                                                                     // graph
                    var graph = RewriteGraph(model.ReadMessage());
                    _model.Add(Encode(writer => writer.WriteBytesHeader(7, checked((int)graph.Length))));
                    _model.Add(graph);
                    continue;
                case 8:                                                                     // opset_import
                    hasOperators |= ReadImport(model.ReadMessage());
                    break;
                case 25:                                                                    // functions
                    RefuseOverride(model.ReadMessage());
                    break;
                default:
                    model.SkipField();
                    break;
            }

            _model.Keep(start, model.Offset);
        }

        if (!hasOperators)
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model imports no version of the standard operators.", AsUploadedHint);
        }

        if (_count == 0)
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model has nothing that could run in 8-bit integers.",
                $"{AsUploadedHint} What counts is a MatMul or Gemm whose second input is a constant of the main graph with {OnnxMatrices.MinElements} floats or more.");
        }
    }

    private static bool ReadImport(ProtobufReader import)
    {
        var (domain, version) = ("", 0L);
        while (import.TryReadField())
        {
            (domain, version) = import.FieldNumber switch
            {
                1 => (import.ReadString(), version),                                        // domain
                2 => (domain, import.ReadInt64()),                                          // version
                _ => (domain, version),
            };
        }

        if (domain is not ("" or "ai.onnx"))
        {
            return false;
        }

        return version >= MinOpset ? true : throw new ServingException(ServingCode.ModelUnsupported,
            $"The model uses version {version} of the standard operators; 8-bit integers need {MinOpset}.", $"export it with opset {MinOpset} or newer, or {AsUploadedHint}");
    }

    // A function of the standard domain would take the place of an operator, ours among them.
    private static void RefuseOverride(ProtobufReader function)
    {
        var domain = "";
        while (function.TryReadField())
        {
            if (function.FieldNumber == 10)                                                 // domain
            {
                domain = function.ReadString();
            }
        }

        if (domain is "" or "ai.onnx")
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model redefines a standard operator.", AsUploadedHint);
        }
    }

    private PieceList RewriteGraph(ProtobufReader graph)
    {
        _matrices = OnnxMatrices.Read(graph, _facts);
        var pieces = new PieceList(_facts.Model.Bytes);
        for (var start = graph.Offset; graph.TryReadField(); start = graph.Offset)
        {
            switch (graph.FieldNumber)
            {
                case 1 when TryRewriteNode(graph.ReadMessage(), pieces):                    // node
                    continue;
                case 1:
                    break;
                case 5 when TryRewriteInitializer(graph.ReadMessage(), pieces):             // initializer
                    continue;
                case 5:
                    break;
                default:
                    graph.SkipField();
                    break;
            }

            pieces.Keep(start, graph.Offset);
        }

        return pieces;
    }

    private bool TryRewriteInitializer(ProtobufReader tensor, PieceList pieces)
    {
        if (Find(OnnxMatrices.NameOf(tensor)) is not var (name, integers))
        {
            return false;
        }

        var header = Encode(writer =>
        {
            writer.WritePacked(1, integers.Dimensions);                                     // dims
            writer.WriteInt64(2, Int8Type);                                                 // data_type
            writer.WriteString(8, $"{name}/integers");                                      // name
            writer.WriteBytesHeader(9, integers.Length);                                         // raw_data
        });
        pieces.Add(Encode(writer => writer.WriteBytesHeader(5, header.Length + integers.Length)));
        pieces.Add(header);
        pieces.Add(integers);
        pieces.Add(Encode(writer => writer.WriteMessage(5, (name, integers), static (tensor, matrix) =>
        {
            tensor.WritePacked(1, matrix.integers.ScaleDimensions);                         // dims
            tensor.WriteInt64(2, FloatType);                                                // data_type
            tensor.WriteString(8, $"{matrix.name}/scales");                                 // name
            tensor.WriteBytes(9, matrix.integers.Scales);                                   // raw_data
        })));
        return true;
    }

    private bool TryRewriteNode(ProtobufReader node, PieceList pieces)
    {
        if (OnnxProduct.TryRead(node) is not { } product || Find(product.Matrix) is not var (matrix, _))
        {
            return false;
        }

        if (++_products > MaxProducts)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model has more than {MaxProducts} products with constant matrices.", AsUploadedHint);
        }

        if (!_activations.TryGetValue(product.Activation, out var activation))
        {
            _activations.Add(product.Activation, activation = $"{_prefix}a{_activations.Count}");
            pieces.Add(Node("DynamicQuantizeLinear", [product.Activation], [$"{activation}/integers", $"{activation}/scale", $"{activation}/zero"]));
        }

        var name = $"{_prefix}p{_products}";
        var scaled = product.Bias is null ? product.Output : $"{name}/product";
        pieces.Add(Node("MatMulInteger", [$"{activation}/integers", $"{matrix}/integers", $"{activation}/zero"], [$"{name}/sums"]));
        pieces.Add(Node("Cast", [$"{name}/sums"], [$"{name}/numbers"], castTo: FloatType));
        pieces.Add(Node("Mul", [$"{activation}/scale", $"{matrix}/scales"], [$"{name}/scales"]));
        pieces.Add(Node("Mul", [$"{name}/numbers", $"{name}/scales"], [scaled]));
        if (product.Bias is { } bias)
        {
            pieces.Add(Node("Add", [scaled, bias], [product.Output]));
        }

        return true;
    }

    private (string Name, Int8Matrix Integers)? Find(string name)
    {
        if (_matrices.Find(name) is not { } matrix)
        {
            return null;
        }

        if (!_integers.TryGetValue(matrix, out var found))
        {
            // Several constants may share bytes of a file, and each would get integers of its own.
            _weights += matrix.Values.Length;
            if (_weights > _bundle.Manifest.TotalBytes)
            {
                throw new ServingException(ServingCode.ModelUnsupported, "The int8 form of the model would be no smaller than the model.", AsUploadedHint);
            }

            if (Int8Matrix.TryMake(matrix) is { } integers)
            {
                found = ($"{_prefix}w{_count++}", integers);
                _externalBytes += matrix.ExternalBytes;
            }

            _integers.Add(matrix, found);
        }

        return found;
    }

    // Source: onnx/onnx.proto, GraphProto, NodeProto, AttributeProto.
    private static byte[] Node(string operatorType, string[] inputs, string[] outputs, long? castTo = null) => Encode(graph => graph.WriteMessage(1, 0, (node, _) =>
    {
        foreach (var input in inputs)
        {
            node.WriteString(1, input);                                                     // input
        }

        foreach (var output in outputs)
        {
            node.WriteString(2, output);                                                    // output
        }

        node.WriteString(4, operatorType);                                                  // op_type
        if (castTo is { } type)
        {
            node.WriteMessage(5, type, static (attribute, type) =>                          // attribute
            {
                attribute.WriteString(1, "to");                                             // name
                attribute.WriteInt64(3, type);                                              // i
                attribute.WriteInt64(20, 2);                                                // type: INT
            });
        }
    }));

    private static byte[] Encode(Action<ProtobufWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(new ProtobufWriter(output));
        return output.WrittenSpan.ToArray();
    }
}
