using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>Converts <c>InferTensorContents</c>, the typed form of a tensor's data, to the protocol's binary form.</summary>
/// <remarks>
/// Source: Open Inference Protocol v2, gRPC, InferTensorContents: bool 1, int32 2 (INT8, INT16, INT32), int64 3, uint32 4 (UINT8, UINT16, UINT32),
/// uint64 5, float 6, double 7, bytes 8. FP16 and BF16 have no typed form. One walk counts, so that memory is taken for what fills the shape and for nothing
/// else; the second converts.
/// </remarks>
internal static class GrpcTensorContents
{
    private const int Bytes = 8;

    /// <exception cref="ServingException">
    /// <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.RequestTooLarge"/>.
    /// </exception>
    /// <exception cref="ProtobufException">Malformed.</exception>
    public static NativeBuffer Read(InputDescription input, ReadOnlySpan<byte> contents, ProtocolLimits limits, Action<long>? receiving)
    {
        var field = FieldOf(input);
        var (count, bytes) = Count(input, contents, field);
        if (count != input.Shape.ElementCount)
        {
            throw new ServingException(ServingCode.DataMismatch, $"Input \"{input.Name}\" is {input.Datatype.WireName()}{input.Shape}; its contents have {count} elements.");
        }

        RequestRules.CheckConverted(input, limits);
        var length = input.Datatype.ElementSize() is { } size ? count * size : bytes + (count * Tensor.BytesPrefixLength);
        receiving?.Invoke(length);
        var buffer = new NativeBuffer(checked((int)length));
        try
        {
            Fill(input, contents, field, buffer.GetSpan());
            return buffer;
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            throw;
        }
    }

    private static int FieldOf(InputDescription input) => input.Datatype switch
    {
        TensorDatatype.Bool => 1,
        TensorDatatype.Int8 or TensorDatatype.Int16 or TensorDatatype.Int32 => 2,
        TensorDatatype.Int64 => 3,
        TensorDatatype.UInt8 or TensorDatatype.UInt16 or TensorDatatype.UInt32 => 4,
        TensorDatatype.UInt64 => 5,
        TensorDatatype.Fp32 => 6,
        TensorDatatype.Fp64 => 7,
        TensorDatatype.Bytes => Bytes,
        _ => throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{input.Name}\": {input.Datatype.WireName()} has no typed contents.", "send this tensor in raw_input_contents."),
    };

    private static (long Count, long Bytes) Count(InputDescription input, ReadOnlySpan<byte> contents, int field)
    {
        var reader = new ProtobufReader(contents);
        long count = 0, bytes = 0;
        while (reader.TryReadField())
        {
            if (reader.FieldNumber is < 1 or > Bytes)
            {
                continue;
            }

            if (reader.FieldNumber != field)
            {
                throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{input.Name}\" is {input.Datatype.WireName()}, and its contents are of another datatype.");
            }

            switch (field)
            {
                case 6: count += reader.ReadFixed32s().Length / sizeof(float); break;
                case 7: count += reader.ReadFixed64s().Length / sizeof(double); break;
                case Bytes:
                    count++;
                    bytes += reader.ReadBytes().Length;
                    break;
                default: count += CountVarints(ref reader); break;
            }
        }

        return (count, bytes);
    }

    // A varint ends with the byte whose highest bit is clear; whether each is one at all, the conversion checks.
    private static int CountVarints(ref ProtobufReader reader)
    {
        if (reader.WireType == ProtobufWireType.Varint)
        {
            reader.SkipField();
            return 1;
        }

        var packed = reader.ReadBytes();
        var count = 0;
        foreach (var part in packed)
        {
            count += part < 0x80 ? 1 : 0;
        }

        return count;
    }

    private static void Fill(InputDescription input, ReadOnlySpan<byte> contents, int field, Span<byte> destination)
    {
        var reader = new ProtobufReader(contents);
        while (reader.TryReadField())
        {
            if (reader.FieldNumber != field)
            {
                continue;
            }

            switch (field)
            {
                case 6: Append(reader.ReadFixed32s(), ref destination); break;
                case 7: Append(reader.ReadFixed64s(), ref destination); break;
                case Bytes:
                    var element = reader.ReadBytes();
                    BinaryPrimitives.WriteInt32LittleEndian(destination, element.Length);
                    destination = destination[Tensor.BytesPrefixLength..];
                    Append(element, ref destination);
                    break;
                default:
                    foreach (var value in reader.ReadVarints())
                    {
                        AppendInteger(input, value, ref destination);
                    }

                    break;
            }
        }
    }

    private static void Append(ReadOnlySpan<byte> bytes, ref Span<byte> destination)
    {
        bytes.CopyTo(destination);
        destination = destination[bytes.Length..];
    }

    private static void AppendInteger(InputDescription input, ulong value, ref Span<byte> destination)
    {
        var signed = (long)value;
        switch (input.Datatype)
        {
            case TensorDatatype.Bool: Put(input, value != 0, isInRange: true, ref destination); break;
            case TensorDatatype.Int8: Put(input, (sbyte)signed, signed is >= sbyte.MinValue and <= sbyte.MaxValue, ref destination); break;
            case TensorDatatype.Int16: Put(input, (short)signed, signed is >= short.MinValue and <= short.MaxValue, ref destination); break;
            case TensorDatatype.Int32: Put(input, (int)signed, signed is >= int.MinValue and <= int.MaxValue, ref destination); break;
            case TensorDatatype.UInt8: Put(input, (byte)value, value <= byte.MaxValue, ref destination); break;
            case TensorDatatype.UInt16: Put(input, (ushort)value, value <= ushort.MaxValue, ref destination); break;
            case TensorDatatype.UInt32: Put(input, (uint)value, value <= uint.MaxValue, ref destination); break;
            default: Put(input, value, isInRange: true, ref destination); break;
        }
    }

    private static void Put<T>(InputDescription input, T value, bool isInRange, ref Span<byte> destination)
        where T : unmanaged
    {
        if (!isInRange)
        {
            throw new ServingException(ServingCode.DataMismatch, $"Input \"{input.Name}\" has an element that is not a value of {input.Datatype.WireName()}.");
        }

        var size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        MemoryMarshal.Write(destination, in value);
        destination = destination[size..];
    }
}
