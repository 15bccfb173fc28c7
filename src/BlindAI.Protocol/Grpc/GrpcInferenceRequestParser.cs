using System.Buffers;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>One pass over a <c>ModelInferRequest</c> that finds everything, then one copy of each tensor.</summary>
/// <remarks>
/// Fields come in any order, so data may stand before what describes it; hence the pass. Everything that is said of a tensor is checked before memory is
/// taken for it.
/// </remarks>
internal sealed class GrpcInferenceRequestParser(ProtocolLimits limits, Action<long>? receiving)
{
    private readonly List<InputDescription> _inputs = [];
    private readonly List<ReadOnlySequence<byte>?> _contents = [];
    private readonly List<ReadOnlySequence<byte>> _raw = [];
    private readonly List<RequestedOutput> _outputs = [];
    private RequestParameters _parameters;

    public GrpcInferenceRequest Parse(ProtobufSequenceReader reader)
    {
        string name = "", version = "", id = "";
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: name = ReadName(ref reader, "The model's name"); break;
                case 2: version = ReadName(ref reader, "The model's version"); break;
                case 3: id = ReadName(ref reader, "The id"); break;
                case 4: SetParameter(GrpcParameter.Read(reader.ReadMessage())); break;
                case 5: AddInput(reader.ReadMessage()); break;
                case 6: AddOutput(reader.ReadMessage()); break;
                case 7:
                    RequestRules.CheckCount(_raw.Count, limits.MaxTensors, "raw inputs");
                    _raw.Add(reader.ReadBytes());
                    break;
            }
        }

        var header = new InferenceRequestHeader
        {
            Id = id.Length > 0 ? id : null,
            Inputs = _inputs,
            Outputs = _outputs,
            BinaryOutputs = true,
            QueueTimeout = _parameters.QueueTimeout,
            Priority = _parameters.Priority,
            ModelDigests = _parameters.ModelDigests ?? [],
        };
        CheckData();
        return new(name, version, Assemble(header));
    }

    private static string ReadName(ref ProtobufSequenceReader reader, string what) => GrpcMessage.ReadText(ref reader, what, ProtocolLimits.MaxNameLength);

    private void SetParameter(GrpcParameter parameter)
    {
        RequestParameters.RefuseUnoffered(parameter.Name);
        switch (parameter.Name)
        {
            case "timeout": _parameters.SetTimeout(parameter.Integer); break;
            case "priority": _parameters.SetPriority(parameter.Unsigned); break;
            case "blindai_model_digest":
                _parameters.SetModelDigests(parameter.Text ?? throw new ServingException(ServingCode.RequestMalformed, "\"blindai_model_digest\" is not a string."));
                break;
        }
    }

    private void AddInput(ProtobufSequenceReader reader)
    {
        RequestRules.CheckCount(_inputs.Count, limits.MaxTensors, "inputs");
        string name = "", datatype = "";
        ReadOnlySequence<byte>? contents = null;
        Span<long> dimensions = stackalloc long[TensorShape.MaxRank];
        var rank = 0;
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: name = ReadName(ref reader, "The name of an input"); break;
                case 2: datatype = ReadName(ref reader, "A datatype"); break;
                case 3: rank = ReadShape(ref reader, dimensions, rank); break;
                case 4: RequestParameters.RefuseUnoffered(GrpcParameter.Read(reader.ReadMessage()).Name); break;
                case 5:
                    contents = contents is null
                        ? reader.ReadBytes()
                        : throw new ServingException(ServingCode.RequestMalformed, "An input has \"contents\" twice.");
                    break;
            }
        }

        for (var index = 0; index < _inputs.Count; index++)
        {
            if (_inputs[index].Name == name)
            {
                throw RequestRules.InputDuplicate(name);
            }
        }

        _inputs.Add(new(name, RequestRules.Datatype(name, datatype), new TensorShape(dimensions[..rank]), BinarySize: null, JsonData: default));
        _contents.Add(contents);
    }

    private static int ReadShape(ref ProtobufSequenceReader reader, scoped Span<long> dimensions, int rank)
    {
        rank = reader.ReadInt64s(dimensions, rank);
        return rank <= dimensions.Length ? rank : throw new ServingException(ServingCode.ShapeInvalid, $"A shape has more than {TensorShape.MaxRank} dimensions.");
    }

    private void AddOutput(ProtobufSequenceReader reader)
    {
        RequestRules.CheckCount(_outputs.Count, limits.MaxTensors, "outputs");
        var name = "";
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: name = ReadName(ref reader, "The name of an output"); break;
                case 2: RequestParameters.RefuseUnoffered(GrpcParameter.Read(reader.ReadMessage()).Name); break;
            }
        }

        for (var index = 0; index < _outputs.Count; index++)
        {
            if (_outputs[index].Name == name)
            {
                throw RequestRules.OutputDuplicate(name);
            }
        }

        _outputs.Add(new(name));
    }

    // Raw data stands for all inputs or for none, in their order.
    private void CheckData()
    {
        if (_raw.Count > 0 && _raw.Count != _inputs.Count)
        {
            throw new ServingException(ServingCode.DataMismatch, $"The request has {_inputs.Count} inputs and {_raw.Count} raw_input_contents.", "send one for each input, in the order of the inputs.");
        }

        for (var index = 0; index < _inputs.Count; index++)
        {
            var input = _inputs[index];
            var isTyped = _contents[index] is { IsEmpty: false };
            if (_raw.Count == 0 && !isTyped && input.Shape.ElementCount > 0)
            {
                throw new ServingException(ServingCode.TensorMissing, $"Input \"{input.Name}\" has neither contents nor raw_input_contents.");
            }

            if (_raw.Count > 0 && isTyped)
            {
                throw new ServingException(ServingCode.RequestMalformed, $"Input \"{input.Name}\" has contents, and the request has raw_input_contents.", "send all tensors raw, or none.");
            }

            RequestRules.CheckByteStrings(input, limits);
            if (_raw.Count > 0)
            {
                RequestRules.CheckSize(input, _raw[index].Length, "its raw_input_contents has");
            }
        }
    }

    private DecodedRequest Assemble(InferenceRequestHeader header)
    {
        var tensors = new NamedTensor[_inputs.Count];
        var buffers = new List<NativeBuffer>(tensors.Length);
        try
        {
            for (var index = 0; index < tensors.Length; index++)
            {
                var input = _inputs[index];
                buffers.Add(_raw.Count > 0 ? Copy(_raw[index]) : Convert(input, _contents[index] ?? default));
                tensors[index] = new(input.Name, new Tensor(input.Datatype, input.Shape, buffers[index].Memory));
            }

            return new(header, tensors, buffers);
        }
        catch
        {
            foreach (var buffer in buffers)
            {
                ((IDisposable)buffer).Dispose();
            }

            throw;
        }
    }

    private NativeBuffer Copy(ReadOnlySequence<byte> bytes)
    {
        receiving?.Invoke(bytes.Length);
        var buffer = new NativeBuffer((int)bytes.Length);
        bytes.CopyTo(buffer.GetSpan());
        return buffer;
    }

    private NativeBuffer Convert(InputDescription input, ReadOnlySequence<byte> contents)
    {
        if (contents.IsSingleSegment)
        {
            return GrpcTensorContents.Read(input, contents.FirstSpan, limits, receiving);
        }

        using var whole = Copy(contents);
        return GrpcTensorContents.Read(input, whole.GetSpan(), limits, receiving);
    }
}
