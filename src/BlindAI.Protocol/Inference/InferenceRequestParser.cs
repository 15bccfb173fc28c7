using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>One pass over a request's JSON. Members that the protocol does not name are skipped: clients of Triton and KServe send some.</summary>
internal ref struct InferenceRequestParser(ReadOnlySpan<byte> utf8, ProtocolLimits limits)
{
    // A character takes at most six bytes: \u0041.
    private const int MaxEncodedNameLength = 6 * ProtocolLimits.MaxNameLength;

    private Utf8JsonReader _reader = new(utf8, new JsonReaderOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });

    public InferenceRequestHeader Parse()
    {
        string? id = null;
        List<InputDescription>? inputs = null;
        List<RequestedOutput> outputs = [];
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
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartArray, "\"inputs\"");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount(inputs.Count, "inputs");
            var input = ReadInput();
            inputs.Add(names.Add(input.Name) ? input : throw new ServingException(ServingCode.TensorDuplicate, $"Input \"{input.Name}\" is given twice."));
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

        var datatype = TensorDatatypes.Find(datatypeName)
            ?? throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{name}\" has an unknown datatype.", "the protocol's names are BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 and BYTES.");
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
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartArray, "\"outputs\"");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount(outputs.Count, "outputs");
            var output = ReadOutput();
            outputs.Add(names.Add(output.Name) ? output : throw new ServingException(ServingCode.TensorDuplicate, $"Output \"{output.Name}\" is asked for twice."));
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
                    RefuseUnoffered(parameter);
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
            RefuseUnoffered(name);
            if (name != "binary_data_size")
            {
                _reader.Skip();
            }
            else if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var value) && value >= 0)
            {
                size = value <= limits.MaxRequestBytes ? (int)value : throw TooLarge("\"binary_data_size\"", limits.MaxRequestBytes);
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
            RefuseUnoffered(name);
            switch (name)
            {
                case "binary_data_output":
                    parameters.BinaryOutputs = ReadBoolean(name);
                    break;
                case "timeout":
                    // Microseconds; 0 means none, as in Triton.
                    parameters.QueueTimeout = _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var microseconds) && microseconds is >= 0 and <= 86_400_000_000
                        ? microseconds == 0 ? null : TimeSpan.FromMicroseconds(microseconds)
                        : throw Malformed("\"timeout\" is not a number of microseconds up to a day.");
                    break;
                case "priority":
                    parameters.Priority = _reader.TokenType == JsonTokenType.Number && _reader.TryGetUInt64(out var priority)
                        ? priority
                        : throw Malformed("\"priority\" is not a non-negative integer.");
                    break;
                case "blindai_model_digest":
                    parameters.ModelDigests = ReadText(name, 4096).Split(',', StringSplitOptions.TrimEntries);
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }
    }

    // Ignoring these would change what an answer means, so they are refused until they are offered.
    private static void RefuseUnoffered(string parameter)
    {
        if (parameter is "sequence_id" or "sequence_start" or "sequence_end" or "classification" or "shared_memory_region" or "shared_memory_byte_size" or "shared_memory_offset" or "blindai_receipt"
            || parameter.StartsWith("triton_", StringComparison.Ordinal))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, $"The parameter \"{parameter}\" is not offered here.",
                "sequences, classification, shared memory and receipts are not; leave the parameter out.");
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
        return text.Length <= maxLength ? text : throw TooLarge($"\"{name}\"", maxLength);
    }

    private bool ReadBoolean(string name) => _reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Malformed($"\"{name}\" is not a boolean."),
    };

    private bool NextMember(out string name)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            name = "";
            return false;
        }

        // Some names come back in an answer: none that is too long to be one of ours is even read.
        name = _reader.ValueSpan.Length <= MaxEncodedNameLength ? _reader.GetString()! : throw TooLarge("The name of a member", ProtocolLimits.MaxNameLength);
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

    private readonly void CheckCount(int count, string what)
    {
        if (count == limits.MaxTensors)
        {
            throw TooLarge($"The number of {what}", limits.MaxTensors);
        }
    }

    private static ServingException Malformed(string message) => new(ServingCode.RequestMalformed, message);

    private static ServingException TooLarge(string what, int limit) => new(ServingCode.RequestTooLarge, $"{what} is over the limit of {limit}.");

    private struct RequestParameters
    {
        public bool BinaryOutputs;
        public TimeSpan? QueueTimeout;
        public ulong Priority;
        public IReadOnlyList<string>? ModelDigests;
    }
}
