using System.Buffers;
using System.Runtime.InteropServices;
using BlindAI.Protocol.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = BlindAI.Protocol.Tensors.Tensor;

namespace BlindAI.Inference.Engines;

/// <summary>The inputs of one run as ONNX Runtime takes them: its values point into the request's own memory, pinned until the outputs, which may be views of it, are gone.</summary>
internal sealed unsafe class OnnxInputs : IDisposable
{
    private readonly List<MemoryHandle> _pins = [];
    private readonly List<(nint Address, int Length)> _copies = [];
    private readonly List<OrtValue> _values = [];

    private OnnxInputs()
    {
    }

    /// <summary>The values, in the order of the request.</summary>
    public IReadOnlyCollection<OrtValue> Values => _values;

    public static OnnxInputs Wrap(IReadOnlyList<NamedTensor> tensors)
    {
        var inputs = new OnnxInputs();
        try
        {
            for (var index = 0; index < tensors.Count; index++)
            {
                inputs._values.Add(inputs.Wrap(tensors[index].Tensor));
            }

            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var value in _values)
        {
            value.Dispose();
        }

        foreach (var pin in _pins)
        {
            pin.Dispose();
        }

        foreach (var (address, length) in _copies)
        {
            NativeMemory.Clear((void*)address, (nuint)length);
            NativeMemory.AlignedFree((void*)address);
        }

        _copies.Clear();                                    // a second time would free what is somebody else's by then
    }

    private OrtValue Wrap(Tensor tensor)
    {
        var shape = tensor.Shape.Dimensions.ToArray();
        if (tensor.Datatype.ElementSize() is not { } elementSize)
        {
            return CopyStrings(tensor, shape);
        }

        var type = (TensorElementType)OnnxTypes.Number(tensor.Datatype);
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, Pin(tensor.Data, elementSize), tensor.Data.Length);
    }

    private nint Pin(ReadOnlyMemory<byte> data, int elementSize)
    {
        if (data.IsEmpty)
        {
            return Copy(data.Span);                         // an address is needed even where nothing is read
        }

        var pin = data.Pin();
        if ((nint)pin.Pointer % elementSize == 0)
        {
            _pins.Add(pin);
            return (nint)pin.Pointer;
        }

        // Kernels read whole elements, which C++ allows only where they are aligned: a body of an odd offset is copied once.
        pin.Dispose();
        return Copy(data.Span);
    }

    private nint Copy(ReadOnlySpan<byte> data)
    {
        var copy = NativeMemory.AlignedAlloc((nuint)Math.Max(data.Length, 1), alignment: 64);
        _copies.Add(((nint)copy, data.Length));
        data.CopyTo(new Span<byte>(copy, data.Length));
        TensorCopies.Add(data.Length);
        return (nint)copy;
    }

    private static OrtValue CopyStrings(Tensor tensor, long[] shape)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        try
        {
            TensorCopies.Add(tensor.Data.Length);
            var index = 0;
            foreach (var element in tensor.ByteStrings())
            {
                value.StringTensorSetElementAt(element, index++);
            }

            return value;
        }
        catch
        {
            value.Dispose();
            throw;
        }
    }
}
