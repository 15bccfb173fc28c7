using System.Runtime.InteropServices;
using System.Text.Json;
using BlindAI.Protocol;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>An input as JSON: a list of elements, flat or nested, or <c>{"datatype","shape","data"}</c> with either of the first two left out.</summary>
/// <remarks>What the JSON does not say, the model's metadata does; elements are converted by the reader that servers use.</remarks>
internal sealed class JsonInput : IDisposable
{
    private readonly string _name;

    private readonly JsonDocument _document;

    private readonly JsonElement _data;

    private readonly TensorDatatype? _datatype;

    private readonly TensorShape? _shape;

    /// <summary>Reads the text.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.NumberNotFinite"/>, <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.ShapeInvalid"/>.
    /// </exception>
    public JsonInput(string name, ReadOnlyMemory<byte> utf8)
    {
        _name = name;
        try
        {
            _document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });
        }
        catch (JsonException exception)
        {
            throw JsonFault.Explain(exception, utf8.Span, $"Input \"{name}\"");
        }

        _data = _document.RootElement;
        if (_data.ValueKind == JsonValueKind.Object)
        {
            try
            {
                (_datatype, _shape, _data) = ReadMembers(_data);
            }
            catch (InvalidOperationException)   // a name or string that is no Unicode text
            {
                throw Malformed("has text that is not Unicode");
            }
        }

        if (_data.ValueKind != JsonValueKind.Array)
        {
            throw Malformed("has no list of elements");
        }
    }

    /// <summary>Whether the JSON leaves datatype or shape to the model's metadata.</summary>
    public bool NeedsDescription => _datatype is null || _shape is null;

    /// <summary>Makes the tensor.</summary>
    /// <param name="description">What the model says of the input; needed only when <see cref="NeedsDescription"/>.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.ShapeInvalid"/>, <see cref="ServingCode.DatatypeInvalid"/>.</exception>
    public Tensor ToTensor(TensorDescription? description)
    {
        var datatype = _datatype ?? FindDatatype(description!.Datatype);
        var shape = _shape ?? InferShape(description!.Shape);
        var input = new InputDescription(_name, datatype, shape, BinarySize: null, JsonData: default);
        var tensor = JsonTensorReader.Read(input, JsonMarshal.GetRawUtf8Value(_data), new ProtocolLimits(), out var buffer);
        using (buffer as IDisposable)
        {
            return new(datatype, shape, tensor.Data.ToArray());
        }
    }

    public void Dispose() => _document.Dispose();

    private (TensorDatatype? Datatype, TensorShape? Shape, JsonElement Data) ReadMembers(JsonElement members)
    {
        TensorDatatype? datatype = null;
        TensorShape? shape = null;
        JsonElement data = default;
        foreach (var member in members.EnumerateObject())
        {
            switch (member.Name)
            {
                case "datatype": datatype = FindDatatype(member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : ""); break;
                case "shape": shape = ReadShape(member.Value); break;
                case "data": data = member.Value; break;
                default: throw Malformed("has another member than \"datatype\", \"shape\" and \"data\"");
            }
        }

        return (datatype, shape, data);
    }

    private TensorShape ReadShape(JsonElement shape) =>
        shape.ValueKind == JsonValueKind.Array && shape.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out _))
            ? new([.. shape.EnumerateArray().Select(item => item.GetInt64())])
            : throw Malformed("has a \"shape\" that is no list of integers");

    private TensorDatatype FindDatatype(string name) => TensorDatatypes.Find(name)
        ?? throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{_name}\" has an unknown datatype.", "write it as the protocol does: FP32, INT64, BOOL, BYTES.");

    /// <summary>Nested data has its own shape. Flat data takes the model's, whose one free dimension, if it has one, follows from the length.</summary>
    private TensorShape InferShape(IReadOnlyList<long> model)
    {
        var nesting = Nesting();
        if (nesting.Count > 1 || model.Count == 1)
        {
            return new([.. nesting]);
        }

        if (model.Count(dimension => dimension < 0) > 1)
        {
            throw new ServingException(ServingCode.ShapeInvalid, $"Input \"{_name}\" is a flat list, and several dimensions of the model are free.",
                "nest the list as the tensor is, or write {\"shape\": [..], \"data\": [..]}.");
        }

        var known = new TensorShape([.. model.Select(dimension => dimension < 0 ? 1 : dimension)]).ElementCount;
        return new([.. model.Select(dimension => dimension >= 0 ? dimension : known == 0 ? 0 : nesting[0] / known)]);
    }

    private List<long> Nesting()
    {
        var dimensions = new List<long>();
        for (var level = _data; level.ValueKind == JsonValueKind.Array; level = level[0])
        {
            dimensions.Add(level.GetArrayLength());
            if (level.GetArrayLength() == 0)
            {
                break;
            }
        }

        return dimensions;
    }

    private ServingException Malformed(string what) => new(ServingCode.RequestMalformed, $"The JSON of input \"{_name}\" {what}.",
        "write a list of elements, or {\"datatype\": \"FP32\", \"shape\": [1, 3], \"data\": [..]}.");
}
