using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Precision;

/// <summary>A node that multiplies an activation with a matrix: MatMul, or Gemm where it can be told in the same terms.</summary>
/// <remarks>Source: onnx/onnx.proto, NodeProto and AttributeProto; ONNX operators MatMul and Gemm.</remarks>
internal sealed record OnnxProduct(string Activation, string Matrix, string? Bias, string Output, bool IsTransposed, float Alpha)
{
    /// <summary>Reads a node; null for one that is no such product.</summary>
    /// <exception cref="ProtobufException">The node is malformed.</exception>
    public static OnnxProduct? TryRead(ProtobufReader node)
    {
        var (operatorType, domain) = ("", "");
        var inputs = new List<string>();
        var outputs = new List<string>();
        var (alpha, beta, transposesActivation, isTransposed) = (1f, 1f, 0L, 0L);
        var isPlain = true;
        var attributes = new HashSet<string>(StringComparer.Ordinal);
        while (node.TryReadField())
        {
            switch (node.FieldNumber)
            {
                case 1 when inputs.Count < 4:                                               // input
                    inputs.Add(node.ReadString());
                    break;
                case 2 when outputs.Count < 2:                                              // output
                    outputs.Add(node.ReadString());
                    break;
                case 3 or 6 or 9:                                                           // name, doc_string, metadata_props
                    break;
                case 4:                                                                     // op_type
                    operatorType = node.ReadString();
                    break;
                case 5:                                                                     // attribute
                    var attribute = OnnxNumber.Read(node.ReadMessage());
                    switch (attribute.Name)
                    {
                        case "alpha":
                            alpha = attribute.Float;
                            break;
                        case "beta":
                            beta = attribute.Float;
                            break;
                        case "transA":
                            transposesActivation = attribute.Integer;
                            break;
                        case "transB":
                            isTransposed = attribute.Integer;
                            break;
                        default:
                            isPlain = false;
                            break;
                    }

                    isPlain &= attribute.IsPlain && attributes.Add(attribute.Name);
                    break;
                case 7:                                                                     // domain
                    domain = node.ReadString();
                    break;
                default:                                                                    // overload, device_configurations, more inputs than fit
                    isPlain = false;
                    break;
            }
        }

        if (!isPlain || domain is not ("" or "ai.onnx") || inputs is not [{ Length: > 0 } activation, { Length: > 0 } matrix, ..] || outputs is not [{ Length: > 0 } output])
        {
            return null;
        }

        var bias = inputs is [_, _, { Length: > 0 } third] ? third : null;
        return operatorType switch
        {
            "MatMul" when inputs.Count == 2 && (alpha, beta, transposesActivation, isTransposed) == (1f, 1f, 0L, 0L) => new(activation, matrix, null, output, false, 1),
            "Gemm" when inputs.Count <= 3 && transposesActivation == 0 && (bias is null || beta == 1) && float.IsFinite(alpha) && alpha != 0 =>
                new(activation, matrix, bias, output, isTransposed != 0, alpha),
            _ => null,
        };
    }

    // An attribute that is one number.
    private readonly ref struct OnnxNumber
    {
        public string Name { get; private init; }

        public float Float { get; private init; }

        public long Integer { get; private init; }

        public bool IsPlain { get; private init; }

        public static OnnxNumber Read(ProtobufReader attribute)
        {
            var (name, number, integer, isPlain) = ("", 0f, 0L, true);
            while (attribute.TryReadField())
            {
                switch (attribute.FieldNumber)
                {
                    case 1:                                                                 // name
                        name = attribute.ReadString();
                        break;
                    case 2:                                                                 // f
                        number = attribute.ReadSingle();
                        break;
                    case 3:                                                                 // i
                        integer = attribute.ReadInt64();
                        break;
                    case 13 or 20:                                                          // doc_string, type
                        break;
                    default:
                        isPlain = false;
                        break;
                }
            }

            return new() { Name = name, Float = number, Integer = integer, IsPlain = isPlain };
        }
    }
}
