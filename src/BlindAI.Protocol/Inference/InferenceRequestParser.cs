using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>One pass over a request's JSON. Members that the protocol does not name are skipped: clients of Triton and KServe send some.</summary>
internal ref struct InferenceRequestParser(ReadOnlySpan<byte> utf8, ProtocolLimits limits)
{
    // A character takes at most six bytes: \u0041.
    private const int MaxEncodedNameLength = 6 * ProtocolLimits.MaxNameLength;

    private static readonly string[] KnownNames =
        ["name", "datatype", "shape", "data", "parameters", "binary_data_size", "inputs", "outputs", "id", "binary_data", "binary_data_output", "priority", "timeout", "blindai_model_digest", "model_name"];

    private Utf8JsonReader _reader = new(utf8, new JsonReaderOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });

    public InferenceRequestHeader Parse()
    {
        string? id = null;
        List<InputDescription>? inputs = null;
        IReadOnlyList<RequestedOutput> outputs = [];
        var parameters = new RequestParameters();
        _reader.Read();
        Expect(JsonTokenType.StartObject, "The request");
        while (NextMember(out var name))
        {
            switch (name)
            {
                case "id": id = ReadText("id"); break;
                case "parameters": ReadParameters(ref parameters); break;
                case "inputs": inputs = ReadInputs(); break;
                case "outputs": outputs = ReadOutputs(); break;
                default: _reader.Skip(); break;
            }
        }

        if (_reader.Read())
        {
            throw Malformed("Bytes follow the JSON of the request.");
        }

        return new()
        {
            Id = id,
            Inputs = inputs ?? throw new ServingException(ServingCode.TensorMissing, "The request has no \"inputs\"."),
            Outputs = outputs,
            BinaryOutputs = parameters.BinaryOutputs,
            QueueTimeout = parameters.QueueTimeout,
            Priority = parameters.Priority,
            ModelDigests = parameters.ModelDigests ?? [],
        };
    }

    private List<InputDescription> ReadInputs()
    {
        var inputs = new List<InputDescription>();
        Expect(JsonTokenType.StartArray, "\"inputs\"");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            RequestRules.CheckCount(inputs.Count, limits.MaxTensors, "inputs");
            var input = ReadInput();

            // A walk over at most a few hundred names, and usually one or two.
            for (var earlier = 0; earlier < inputs.Count; earlier++)
            {
                if (inputs[earlier].Name == input.Name)
                {
                    throw RequestRules.InputDuplicate(input.Name);
                }
            }

            inputs.Add(input);
        }

        return inputs;
    }

    private InputDescription ReadInput()
    {
        string? name = null, datatypeName = null;
        TensorShape? shape = null;
        int? binarySize = null;
        Range? data = null;
        Expect(JsonTokenType.StartObject, "An input");
        while (NextMember(out var member))
        {
            switch (member)
            {
                case "name": name = ReadText("name"); break;
                case "datatype": datatypeName = ReadText("datatype"); break;
                case "shape": shape = ReadShape(); break;
                case "data": data = SkipAndRemember(); break;
                case "parameters": binarySize = ReadBinarySize() ?? binarySize; break;
                default: _reader.Skip(); break;
            }
        }

        if (name is null || shape is null || datatypeName is null)
        {
            throw Malformed($"An input has no \"{(name is null ? "name" : shape is null ? "shape" : "datatype")}\".");
        }

        var datatype = RequestRules.Datatype(name, datatypeName);
        if (data is null == binarySize is null)
        {
            throw data is null
                ? new ServingException(ServingCode.TensorMissing, $"Input \"{name}\" has neither \"data\" nor \"binary_data_size\".")
                : Malformed($"Input \"{name}\" has both \"data\" and \"binary_data_size\".");
        }

        return new(name, datatype, shape, binarySize, data ?? default);
    }

    private List<RequestedOutput> ReadOutputs()
    {
        var outputs = new List<RequestedOutput>();
        Expect(JsonTokenType.StartArray, "\"outputs\"");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            RequestRules.CheckCount(outputs.Count, limits.MaxTensors, "outputs");
            var output = ReadOutput();
            for (var earlier = 0; earlier < outputs.Count; earlier++)
            {
                if (outputs[earlier].Name == output.Name)
                {
                    throw RequestRules.OutputDuplicate(output.Name);
                }
            }

            outputs.Add(output);
        }

        return outputs;
    }

    private RequestedOutput ReadOutput()
    {
        string? name = null;
        bool? binary = null;
        Expect(JsonTokenType.StartObject, "An output");
        while (NextMember(out var member))
        {
            if (member == "name")
            {
                name = ReadText("name");
            }
            else if (member == "parameters")
            {
                Expect(JsonTokenType.StartObject, "\"parameters\"");
                while (NextMember(out var parameter))
                {
                    RequestParameters.RefuseUnoffered(parameter);
                    binary = parameter == "binary_data" ? ReadBoolean(parameter) : SkipAndKeep(binary);
                }
            }
            else
            {
                _reader.Skip();
            }
        }

        return new(name ?? throw Malformed("An output has no \"name\"."), binary);
    }

    private int? ReadBinarySize()
    {
        int? size = null;
        Expect(JsonTokenType.StartObject, "\"parameters\"");
        while (NextMember(out var name))
        {
            RequestParameters.RefuseUnoffered(name);
            if (name != "binary_data_size")
            {
                _reader.Skip();
            }
            else if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var value) && value >= 0)
            {
                size = value <= limits.MaxRequestBytes ? (int)value : throw RequestRules.TooLarge("\"binary_data_size\"", limits.MaxRequestBytes);
            }
            else
            {
                throw Malformed("\"binary_data_size\" is not a non-negative integer.");
            }
        }

        return size;
    }

    private void ReadParameters(ref RequestParameters parameters)
    {
        Expect(JsonTokenType.StartObject, "\"parameters\"");
        while (NextMember(out var name))
        {
            RequestParameters.RefuseUnoffered(name);
            switch (name)
            {
                case "binary_data_output":
                    parameters.BinaryOutputs = ReadBoolean(name);
                    break;
                case "timeout":
                    parameters.SetTimeout(_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var microseconds) ? microseconds : null);
                    break;
                case "priority":
                    parameters.SetPriority(_reader.TokenType == JsonTokenType.Number && _reader.TryGetUInt64(out var priority) ? priority : null);
                    break;
                case "blindai_model_digest":
                    parameters.SetModelDigests(ReadText(name, RequestParameters.MaxDigestsLength));
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }
    }

    private TensorShape ReadShape()
    {
        Span<long> dimensions = stackalloc long[TensorShape.MaxRank];
        var rank = 0;
        Expect(JsonTokenType.StartArray, "\"shape\"");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (rank == TensorShape.MaxRank)
            {
                throw new ServingException(ServingCode.ShapeInvalid, $"A shape has more than {TensorShape.MaxRank} dimensions.");
            }

            dimensions[rank++] = _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var dimension)
                ? dimension
                : throw new ServingException(ServingCode.ShapeInvalid, "A shape has a dimension that is not an integer of 64 bits.");
        }

        return new(dimensions[..rank]);
    }

    private Range SkipAndRemember()
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return start..(int)_reader.BytesConsumed;
    }

    private bool? SkipAndKeep(bool? value)
    {
        _reader.Skip();
        return value;
    }

    private string ReadText(string name, int maxLength = ProtocolLimits.MaxNameLength)
    {
        var text = _reader.TokenType == JsonTokenType.String ? _reader.GetString()! : throw Malformed($"\"{name}\" is not a string.");
        return text.Length <= maxLength ? text : throw RequestRules.TooLarge($"\"{name}\"", maxLength);
    }

    private bool ReadBoolean(string name) => _reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Malformed($"\"{name}\" is not a boolean."),
    };

    // The protocol's own names come with every request; their text is there already.
    private readonly string? KnownName()
    {
        foreach (var known in KnownNames)
        {
            if (_reader.ValueTextEquals(known))
            {
                return known;
            }
        }

        return null;
    }

    private bool NextMember(out string name)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            name = "";
            return false;
        }

        // Some names come back in an answer: none that is too long to be one of ours is even read.
        name = KnownName() is { } known ? known : _reader.ValueSpan.Length <= MaxEncodedNameLength ? _reader.GetString()! : throw RequestRules.TooLarge("The name of a member", ProtocolLimits.MaxNameLength);
        _reader.Read();
        return true;
    }

    private readonly void Expect(JsonTokenType token, string what)
    {
        if (_reader.TokenType != token)
        {
            throw Malformed($"{what} has the wrong JSON type.");
        }
    }

    private static ServingException Malformed(string message) => new(ServingCode.RequestMalformed, message);
}
