using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Generated cases of one datatype in one model: every operator on every rank, with arbitrary names. The same seed gives the same cases.</summary>
internal sealed class OnnxCases
{
    private const int MaxRank = 6;

    private readonly Random _random;
    private readonly TensorDatatype _datatype;
    private readonly OnnxGraph _graph = new("cases");
    private readonly List<NamedTensor> _inputs = [];
    private readonly List<string> _outputs = [];
    private int _names;

    private OnnxCases(TensorDatatype datatype, int seed)
    {
        _datatype = datatype;
        _random = new Random(seed);
    }

    /// <summary>Operators that keep values, combine them or change their type.</summary>
    public static IReadOnlyList<string> Operators { get; } =
        ["PassThrough", "Identity", "Transpose", "Reshape", "Concat", "Gather", "Where", "Unsqueeze", "Split", "Slice", "Expand", "Tile", "Cast", "Add", "Equal"];

    /// <summary>The operators among them that ONNX Runtime has for every datatype.</summary>
    public static IReadOnlyList<string> OperatorsOfAll { get; } = ["PassThrough", "Identity", "Transpose", "Reshape", "Concat", "Gather", "Unsqueeze"];

    /// <summary>How many cases there are.</summary>
    public int Count { get; private set; }

    public byte[] Model { get; private set; } = [];

    public IReadOnlyList<NamedTensor> Inputs => _inputs;

    public IReadOnlyList<string> Outputs => _outputs;

    /// <summary>Cases of some operators, so many of each rank from 0 to 6.</summary>
    public static OnnxCases Generate(TensorDatatype datatype, IReadOnlyList<string> operators, int perRank, int seed)
    {
        var cases = new OnnxCases(datatype, seed);
        for (var index = 0; index < (MaxRank + 1) * perRank; index++)
        {
            cases.Add(operators[index % operators.Count], rank: index / perRank);
        }

        cases.Model = cases._graph.ToModel().Encode();
        return cases;
    }

    private void Add(string operatorType, int rank)
    {
        Count++;
        long[] shape = [.. Enumerable.Range(0, rank).Select(_ => (long)(_random.Next(6) == 0 ? 0 : _random.Next(1, 4)))];
        var axis = rank == 0 ? 0 : _random.Next(rank);
        switch (operatorType)
        {
            case "PassThrough":
                _ = Output(Input(_datatype, shape), _datatype);
                break;
            case "Transpose":
                long[] order = [.. Enumerable.Range(0, rank).Select(dimension => (long)dimension)];
                _random.Shuffle(order);
                Node("Transpose", [Input(_datatype, shape)], _datatype, OnnxAttribute.Ints("perm", order));
                break;
            case "Reshape":
                Node("Reshape", [Input(_datatype, shape), Constant(shape.Aggregate(1L, (product, dimension) => product * dimension))], _datatype, OnnxAttribute.Int("allowzero", 1));
                break;
            case "Concat" when rank > 0:
                var other = shape.ToArray();
                other[axis] = _random.Next(4);
                Node("Concat", [Input(_datatype, shape), Input(_datatype, other)], _datatype, OnnxAttribute.Int("axis", axis));
                break;
            case "Gather" when rank > 0:
                long[] indices = shape[axis] == 0 ? [] : [.. Enumerable.Range(0, 3).Select(_ => _random.NextInt64(-shape[axis], shape[axis]))];
                Node("Gather", [Input(_datatype, shape), Constant(indices)], _datatype, OnnxAttribute.Int("axis", axis));
                break;
            case "Where":
                Node("Where", [Input(TensorDatatype.Bool, shape), Input(_datatype, shape), Input(_datatype)], _datatype);
                break;
            case "Unsqueeze":
                Node("Unsqueeze", [Input(_datatype, shape), Constant(0, -1)], _datatype);
                break;
            case "Split" when rank > 0:
                _graph.Node("Split", [Input(_datatype, shape), Constant(shape[axis] / 2, shape[axis] - (shape[axis] / 2))],
                    [Output(Name(), _datatype), Output(Name(), _datatype)], OnnxAttribute.Int("axis", axis));
                break;
            case "Slice" when rank > 0:
                Node("Slice", [Input(_datatype, shape), Constant(-1), Constant(long.MinValue), Constant(axis), Constant(-1)], _datatype);
                break;
            case "Expand":
                Node("Expand", [Input(_datatype, shape), Constant([2, .. shape])], _datatype);
                break;
            case "Tile" when rank > 0:
                Node("Tile", [Input(_datatype, shape), Constant([.. shape.Select(_ => _random.NextInt64(3))])], _datatype);
                break;
            case "Cast":
                var target = _datatype switch
                {
                    TensorDatatype.Bytes => TensorDatatype.Bytes,
                    TensorDatatype.Int64 => TensorDatatype.Bytes,
                    TensorDatatype.Fp64 or TensorDatatype.Bf16 or TensorDatatype.Fp16 => TensorDatatype.Fp32,
                    _ => TensorDatatype.Fp64,
                };
                Node("Cast", [Input(_datatype, shape)], target, OnnxAttribute.Int("to", (int)OnnxTypes.Of(target)));
                break;
            case "Add":
                Node("Add", [Input(_datatype, shape), Input(_datatype, shape)], _datatype);
                break;
            case "Equal":
                Node("Equal", [Input(_datatype, shape), Input(_datatype)], TensorDatatype.Bool);
                break;
            default:
                Node("Identity", [Input(_datatype, shape)], _datatype);
                break;
        }
    }

    private void Node(string operatorType, string[] inputs, TensorDatatype output, params ReadOnlySpan<OnnxAttribute> attributes) =>
        _graph.Node(operatorType, inputs, [Output(Name(), output)], attributes);

    // Its shape is stated whole, with symbols, or not at all.
    private string Input(TensorDatatype datatype, params long[] shape)
    {
        var name = Name();
        var type = OnnxTypes.Of(datatype);
        _graph.Input(name, _random.Next(3) switch
        {
            0 => OnnxTypeProto.Tensor(type, [.. shape.Select(dimension => (OnnxDimension)dimension)]),
            1 => OnnxTypeProto.Tensor(type, [.. shape.Select((_, dimension) => (OnnxDimension)$"{_names}.{dimension}")]),
            _ => OnnxTypeProto.TensorOfAnyRank(type),
        });
        _inputs.Add(new(name, EdgeValues.Tensor(datatype, _random, shape)));
        return name;
    }

    private string Output(string name, TensorDatatype datatype)
    {
        _graph.Output(name, OnnxTypeProto.TensorOfAnyRank(OnnxTypes.Of(datatype)));
        _outputs.Add(name);
        return name;
    }

    private string Constant(params ReadOnlySpan<long> values)
    {
        var name = Name();
        _graph.Constant(name, OnnxTensor.Vector(values));
        return name;
    }

    // All that a name may be: a C string in UTF-8, of at most the 256 characters that a request may use.
    private string Name()
    {
        var number = ++_names;
        return (number % 12) switch
        {
            0 => $"x{number}",
            1 => $" two  spaces {number} ",
            2 => $"\"quoted\" 'name' \\ {number}",
            3 => $"größe/入力/🧮/{number}",
            4 => $"line\nbreak\ttab\r{number}",
            5 => new string('n', 200 - 4) + $"{number:0000}",
            6 => $"e\u0301{number}",                           // beside the composed form: names are bytes, and not normalised
            7 => $"\u00e9{number - 1}",
            8 => $"../../{number}?a=b&c#d%20",
            9 => $"\u2028\u202e\u007f\u0001{number}",
            10 => $"{{\"name\":null}}{number}",
            _ => $"X{number - 11}",
        };
    }
}
