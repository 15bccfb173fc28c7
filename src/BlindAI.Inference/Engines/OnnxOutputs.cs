using System.Buffers.Binary;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>Owns ONNX Runtime's outputs and the views of them.</summary>
internal sealed class OnnxOutputs : IDisposable
{
    private readonly IDisposable _values;
    private readonly IDisposable _inputs;
    private readonly List<TensorMemory> _views = [];

    private OnnxOutputs(IDisposable values, IDisposable inputs)
    {
        _values = values;
        _inputs = inputs;
    }

    /// <summary>Views the values; takes them and the inputs over, also when it throws.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.InferenceFailed"/>: an output is over 2 GiB.</exception>
    public static (IReadOnlyList<NamedTensor> Tensors, IDisposable Owner) View(IDisposableReadOnlyCollection<OrtValue> values, IDisposable inputs, IReadOnlyList<TensorMetadata> metadata)
    {
        var owner = new OnnxOutputs(values, inputs);
        try
        {
            var tensors = new NamedTensor[values.Count];
            for (var index = 0; index < tensors.Length; index++)
            {
                tensors[index] = new(metadata[index].Name, owner.View(values[index], metadata[index]));
            }

            return (tensors, owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable view in _views)
        {
            view.Dispose();
        }

        _values.Dispose();
        _inputs.Dispose();
    }

    private Tensor View(OrtValue value, TensorMetadata metadata)
    {
        var shape = new TensorShape(value.GetTensorTypeAndShape().Shape);
        if (metadata.Datatype == TensorDatatype.Bytes)
        {
            return new Tensor(TensorDatatype.Bytes, shape, CopyStrings(value, checked((int)shape.ElementCount), metadata.Name));
        }

        if (shape.ElementCount == 0)
        {
            return new Tensor(metadata.Datatype, shape, ReadOnlyMemory<byte>.Empty);
        }

        if (value.GetTensorSizeInBytes() > int.MaxValue)
        {
            throw TooLarge(metadata.Name);
        }

        var view = new TensorMemory(value.GetTensorMutableRawData());
        _views.Add(view);
        return new Tensor(metadata.Datatype, shape, view.Memory);
    }

    private static byte[] CopyStrings(OrtValue value, int count, string name)
    {
        var total = 0L;
        for (var index = 0; index < count; index++)
        {
            total += Tensor.BytesPrefixLength + value.GetStringElementAsSpan(index).Length;
        }

        var data = new byte[total <= Array.MaxLength ? total : throw TooLarge(name)];
        var rest = data.AsSpan();
        for (var index = 0; index < count; index++)
        {
            var element = value.GetStringElementAsSpan(index);
            BinaryPrimitives.WriteInt32LittleEndian(rest, element.Length);
            element.CopyTo(rest[Tensor.BytesPrefixLength..]);
            rest = rest[(Tensor.BytesPrefixLength + element.Length)..];
        }

        TensorCopies.Add(data.Length);
        return data;
    }

    private static ServingException TooLarge(string name) => new(ServingCode.InferenceFailed, $"The output \"{name}\" is over 2 GiB.", "ask for fewer items at once.");
}
