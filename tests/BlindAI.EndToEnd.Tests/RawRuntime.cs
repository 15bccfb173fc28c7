using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BlindAI.Protocol.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = BlindAI.Protocol.Tensors.Tensor;

namespace BlindAI.EndToEnd.Tests;

/// <summary>ONNX Runtime in this process, without anything of ours in between: what a server's answer is compared with.</summary>
internal sealed class RawRuntime : IDisposable
{
    private readonly InferenceSession _session;

    public RawRuntime(byte[] model)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        _session = new InferenceSession(model, options);
    }

    /// <summary>Whether ONNX Runtime has what the model needs.</summary>
    public static bool Loads(byte[] model)
    {
        try
        {
            new RawRuntime(model).Dispose();
            return true;
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    public NamedTensor[] Run(IReadOnlyList<NamedTensor> inputs, IReadOnlyList<string> outputs)
    {
        using var runOptions = new RunOptions();
        var values = inputs.Select(input => Wrap(input.Tensor)).ToList();
        try
        {
            using var results = _session.Run(runOptions, [.. inputs.Select(input => input.Name)], values, outputs);
            return [.. results.Select((value, index) => new NamedTensor(outputs[index], Unwrap(value)))];
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    public void Dispose() => _session.Dispose();

    private static OrtValue Wrap(Tensor tensor)
    {
        var shape = tensor.Shape.Dimensions.ToArray();
        if (tensor.Datatype == TensorDatatype.Bytes)
        {
            var strings = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
            var index = 0;
            foreach (var element in tensor.ByteStrings())
            {
                strings.StringTensorSetElementAt(element, index++);
            }

            return strings;
        }

        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, Type(tensor.Datatype), shape);
        if (!tensor.Data.IsEmpty)
        {
            tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        }

        return value;
    }

    private static Tensor Unwrap(OrtValue value)
    {
        var facts = value.GetTensorTypeAndShape();
        var shape = new TensorShape(facts.Shape);
        var datatype = Enum.GetValues<TensorDatatype>().First(datatype => Type(datatype) == facts.ElementDataType);
        if (datatype != TensorDatatype.Bytes)
        {
            return new(datatype, shape, shape.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray());
        }

        var data = new List<byte>();
        var length = new byte[Tensor.BytesPrefixLength];
        for (var index = 0; index < shape.ElementCount; index++)
        {
            var element = value.GetStringElementAsSpan(index);
            BinaryPrimitives.WriteInt32LittleEndian(length, element.Length);
            data.AddRange(length);
            data.AddRange(element);
        }

        return new(datatype, shape, CollectionsMarshal.AsSpan(data).ToArray());
    }

    private static TensorElementType Type(TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Bool => TensorElementType.Bool,
        TensorDatatype.UInt8 => TensorElementType.UInt8,
        TensorDatatype.UInt16 => TensorElementType.UInt16,
        TensorDatatype.UInt32 => TensorElementType.UInt32,
        TensorDatatype.UInt64 => TensorElementType.UInt64,
        TensorDatatype.Int8 => TensorElementType.Int8,
        TensorDatatype.Int16 => TensorElementType.Int16,
        TensorDatatype.Int32 => TensorElementType.Int32,
        TensorDatatype.Int64 => TensorElementType.Int64,
        TensorDatatype.Fp16 => TensorElementType.Float16,
        TensorDatatype.Bf16 => TensorElementType.BFloat16,
        TensorDatatype.Fp32 => TensorElementType.Float,
        TensorDatatype.Fp64 => TensorElementType.Double,
        _ => TensorElementType.String,
    };
}
