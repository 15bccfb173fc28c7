using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BlindAI.Inference.Engines;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Scheduling;

/// <summary>Made-up inputs that fit a signature, to measure and try a model before anybody's data comes.</summary>
/// <remarks>The same in every load. Integers are 0 and 1, since they may be indices; numbers lie between -1 and 1; text is "a" and "b".</remarks>
internal static class SyntheticInputs
{
    // As much as a request of the default limit holds, of all inputs together: a few hundred bytes of a file can state any number of inputs of any size.
    private const double MaxBytes = 64 << 20;

    /// <summary>Makes inputs, without those that have a default; null where the model fixes more bytes than a request could hold, or leaves the rank of an input open.</summary>
    /// <param name="signature">The model's inputs.</param>
    /// <param name="firstRow">The row to begin with: other rows have other values.</param>
    /// <param name="rows">The size of a first dimension that is variable.</param>
    /// <param name="variable">The size of every other variable dimension.</param>
    public static IReadOnlyList<NamedTensor>? TryMake(ModelSignature signature, int firstRow, int rows, int variable)
    {
        var shapes = new List<(TensorMetadata Input, TensorShape Shape)>(signature.Inputs.Count);
        var bytes = 0.0;
        foreach (var input in signature.Inputs.Where(input => !input.IsOptional))
        {
            if (!input.HasRank)
            {
                return null;
            }

            var dimensions = new long[input.Shape.Length];
            var elements = 1.0;
            for (var index = 0; index < dimensions.Length; index++)
            {
                dimensions[index] = input.Shape[index] != TensorMetadata.Variable ? input.Shape[index] : index == 0 ? rows : variable;
                elements *= dimensions[index];
            }

            bytes += elements * (input.Datatype.ElementSize() ?? (Tensor.BytesPrefixLength + 1));
            if (bytes > MaxBytes)
            {
                return null;
            }

            shapes.Add((input, new TensorShape(dimensions)));
        }

        return [.. shapes.Select(one => new NamedTensor(one.Input.Name, new Tensor(one.Input.Datatype, one.Shape, Fill(one.Input.Datatype, one.Shape, firstRow))))];
    }

    /// <summary>Elements of all inputs together.</summary>
    public static long ElementsOf(IReadOnlyList<NamedTensor> inputs) => inputs.Sum(input => input.Tensor.Shape.ElementCount);

    // A row's values follow from its number and the place in it alone, so that a batch of rows 0 to 2 holds what the rows alone hold.
    private static byte[] Fill(TensorDatatype datatype, TensorShape shape, int firstRow)
    {
        var count = (int)shape.ElementCount;
        var rowLength = shape.Count > 0 && shape[0] > 0 ? count / (int)shape[0] : count;
        var offset = (uint)(firstRow * Math.Max(rowLength, 1));
        if (datatype.ElementSize() is not { } size)
        {
            var text = new byte[count * (Tensor.BytesPrefixLength + 1)];
            for (var index = 0; index < count; index++)
            {
                var element = text.AsSpan(index * (Tensor.BytesPrefixLength + 1));
                BinaryPrimitives.WriteInt32LittleEndian(element, 1);
                element[Tensor.BytesPrefixLength] = (byte)('a' + (Mix(offset + (uint)index) & 1));
            }

            return text;
        }

        var data = new byte[count * size];
        for (var index = 0; index < count; index++)
        {
            var element = data.AsSpan(index * size, size);
            var mixed = Mix(offset + (uint)index);
            var number = ((int)(mixed >> 16) - 32768) / 32768f;
            switch (datatype)
            {
                case TensorDatatype.Fp32: MemoryMarshal.Write(element, number); break;
                case TensorDatatype.Fp64: MemoryMarshal.Write(element, (double)number); break;
                case TensorDatatype.Fp16: MemoryMarshal.Write(element, (Half)number); break;
                case TensorDatatype.Bf16: MemoryMarshal.Write(element, (ushort)(BitConverter.SingleToUInt32Bits(number) >> 16)); break;
                default: element[0] = (byte)(mixed & 1); break;
            }
        }

        return data;
    }

    // A finaliser of 32 bits (avalanche): neighbours get unlike values.
    private static uint Mix(uint value)
    {
        value = (value + 1) * 0x9E3779B9;
        value = (value ^ (value >> 16)) * 0x85EBCA6B;
        value = (value ^ (value >> 13)) * 0xC2B2AE35;
        return value ^ (value >> 16);
    }
}
