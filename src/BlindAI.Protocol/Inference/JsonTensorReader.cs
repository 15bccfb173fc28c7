using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>Converts a tensor's JSON <c>data</c> to bytes. It may be flat or nested to the shape.</summary>
/// <remarks>Source: Open Inference Protocol v2, "Tensor Data". The only path that converts; binary data is taken as it is.</remarks>
public static class JsonTensorReader
{
    /// <summary>Converts the elements and holds them against the datatype and the shape.</summary>
    /// <param name="input">What the data must be; its name is for messages.</param>
    /// <param name="json">The value of <c>data</c>: well-formed JSON, flat or nested to the shape.</param>
    /// <param name="limits">What is refused as too large.</param>
    /// <param name="buffer">The memory of the tensor; whoever takes the tensor disposes it.</param>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.NumberNotFinite"/>, <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.RequestTooLarge"/>.
    /// </exception>
    public static Tensor Read(InputDescription input, ReadOnlySpan<byte> json, ProtocolLimits limits, out NativeBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(limits);
        if (input.Datatype is TensorDatatype.Fp16 or TensorDatatype.Bf16)
        {
            throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{input.Name}\": {input.Datatype.WireName()} has no JSON form.", "send this tensor as binary data.");
        }

        // Every element takes at least two characters ("1,"), so a shape that claims more is refused before it is allocated for.
        if (input.Shape.ElementCount > json.Length / 2)
        {
            throw Mismatch(input);
        }

        // "1," becomes eight bytes of FP64: what is converted to is bounded as well as what arrives.
        RequestRules.CheckConverted(input, limits);

        buffer = input.Datatype == TensorDatatype.Bytes
            ? ReadStrings(input, json, limits)
            : ReadNumbers(input, json);
        try
        {
            return new(input.Datatype, input.Shape, buffer.Memory);
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            throw;
        }
    }

    private static NativeBuffer ReadNumbers(InputDescription input, ReadOnlySpan<byte> json)
    {
        var buffer = new NativeBuffer((int)input.Shape.ByteCount(input.Datatype.ElementSize()!.Value));
        try
        {
            var data = buffer.GetSpan();
            switch (input.Datatype)
            {
                case TensorDatatype.Bool: Fill(input, json, MemoryMarshal.Cast<byte, bool>(data), ReadBoolean); break;
                case TensorDatatype.UInt8: Fill(input, json, data, static (ref reader) => checked((byte)ReadInteger(ref reader))); break;
                case TensorDatatype.UInt16: Fill(input, json, MemoryMarshal.Cast<byte, ushort>(data), static (ref reader) => checked((ushort)ReadInteger(ref reader))); break;
                case TensorDatatype.UInt32: Fill(input, json, MemoryMarshal.Cast<byte, uint>(data), static (ref reader) => checked((uint)ReadInteger(ref reader))); break;
                case TensorDatatype.UInt64: Fill(input, json, MemoryMarshal.Cast<byte, ulong>(data), static (ref reader) => reader.TryGetUInt64(out var value) ? value : checked((ulong)ReadInteger(ref reader))); break;
                case TensorDatatype.Int8: Fill(input, json, MemoryMarshal.Cast<byte, sbyte>(data), static (ref reader) => checked((sbyte)ReadInteger(ref reader))); break;
                case TensorDatatype.Int16: Fill(input, json, MemoryMarshal.Cast<byte, short>(data), static (ref reader) => checked((short)ReadInteger(ref reader))); break;
                case TensorDatatype.Int32: Fill(input, json, MemoryMarshal.Cast<byte, int>(data), static (ref reader) => checked((int)ReadInteger(ref reader))); break;
                case TensorDatatype.Int64: Fill(input, json, MemoryMarshal.Cast<byte, long>(data), ReadInteger); break;
                case TensorDatatype.Fp32: Fill(input, json, MemoryMarshal.Cast<byte, float>(data), static (ref reader) => reader.GetSingle() is var value && float.IsFinite(value) ? value : throw new OverflowException()); break;
                case TensorDatatype.Fp64: Fill(input, json, MemoryMarshal.Cast<byte, double>(data), static (ref reader) => reader.GetDouble() is var value && double.IsFinite(value) ? value : throw new OverflowException()); break;
                default: throw new InvalidOperationException("Not a number type.");
            }

            return buffer;
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            throw;
        }
    }

    private delegate T ReadElement<T>(ref Utf8JsonReader reader);

    private static void Fill<T>(InputDescription input, ReadOnlySpan<byte> json, Span<T> destination, ReadElement<T> read)
    {
        var walker = new Walker(input, json);
        var count = 0;
        while (walker.Next())
        {
            try
            {
                destination[count++] = read(ref walker.Reader);
            }
            catch (Exception exception) when (exception is OverflowException or FormatException or InvalidOperationException)
            {
                throw new ServingException(ServingCode.DataMismatch, $"Element {count - 1} of input \"{input.Name}\" is not a value of {input.Datatype.WireName()}.");
            }
        }
    }

    private static NativeBuffer ReadStrings(InputDescription input, ReadOnlySpan<byte> json, ProtocolLimits limits)
    {
        RequestRules.CheckByteStrings(input, limits);

        // Text in JSON is never shorter than its UTF-8, quotes included, so this bound is enough and the text is decoded in place.
        using var scratch = new NativeBuffer(checked(json.Length + ((int)input.Shape.ElementCount * Tensor.BytesPrefixLength)));
        var rest = scratch.GetSpan();
        var walker = new Walker(input, json);
        while (walker.Next())
        {
            if (walker.Reader.TokenType != JsonTokenType.String)
            {
                throw new ServingException(ServingCode.DataMismatch, $"Input \"{input.Name}\" is BYTES and has an element that is not a string.");
            }

            int written;
            try
            {
                written = walker.Reader.CopyString(rest[Tensor.BytesPrefixLength..]);
            }
            catch (InvalidOperationException)
            {
                throw new ServingException(ServingCode.RequestMalformed, $"Input \"{input.Name}\" has a string that is not valid UTF-8.");
            }

            BinaryPrimitives.WriteInt32LittleEndian(rest, written);
            rest = rest[(Tensor.BytesPrefixLength + written)..];
        }

        var used = scratch.GetSpan()[..^rest.Length];
        var buffer = new NativeBuffer(used.Length);
        used.CopyTo(buffer.GetSpan());
        return buffer;
    }

    private static bool ReadBoolean(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        // KServe's documentation shows quoted booleans.
        JsonTokenType.String when reader.ValueTextEquals("true"u8) => true,
        JsonTokenType.String when reader.ValueTextEquals("false"u8) => false,
        JsonTokenType.Number when reader.TryGetInt32(out var number) && number is 0 or 1 => number == 1,
        _ => throw new FormatException(),
    };

    // Integers never pass through a double, which would round them. "1.0" is accepted, as some clients write it: digits, a point, zeros.
    private static long ReadInteger(ref Utf8JsonReader reader)
    {
        if (reader.TryGetInt64(out var value))
        {
            return value;
        }

        var digits = reader.ValueSpan;
        var point = digits.IndexOf((byte)'.');
        return point > 0 && !digits[(point + 1)..].ContainsAnyExcept((byte)'0') && long.TryParse(digits[..point], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            ? value
            : throw new OverflowException();
    }

    private static ServingException Mismatch(InputDescription input) =>
        new(ServingCode.DataMismatch, $"The data of input \"{input.Name}\" does not fill {input.Datatype.WireName()}{input.Shape} exactly.");

    /// <summary>Walks the elements of flat or nested data and holds them against the shape.</summary>
    private ref struct Walker
    {
        private readonly InputDescription _input;

        private LevelCounts _counts;

        private int _depth;

        private bool? _isNested;

        private long _total;

        public Walker(InputDescription input, ReadOnlySpan<byte> json)
        {
            _input = input;
            Reader = new(json, new JsonReaderOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });
        }

        // A field, not a property: Utf8JsonReader is a large struct that must be advanced in place.
        public Utf8JsonReader Reader;

        /// <summary>Moves to the next element; false at the end of data that fills the shape.</summary>
        public bool Next()
        {
            while (Reader.Read())
            {
                switch (Reader.TokenType)
                {
                    case JsonTokenType.StartArray:
                        if (_depth > 0)
                        {
                            Require(_isNested != false);
                            _isNested = true;
                            Count();
                        }

                        Require(_depth < Math.Max(_input.Shape.Count, 1));
                        _counts[_depth++] = 0;
                        break;
                    case JsonTokenType.EndArray:
                        _depth--;
                        // A flat list is held against the whole; a nested one against its own dimension.
                        Require(_isNested != true || _counts[_depth] == _input.Shape[_depth]);
                        if (_depth == 0)
                        {
                            Require(_total == _input.Shape.ElementCount);
                            return false;
                        }

                        break;
                    case JsonTokenType.StartObject or JsonTokenType.Null:
                        throw Mismatch(_input);
                    default:
                        Require(_depth > 0);
                        var nested = _depth == _input.Shape.Count && _depth > 1;
                        Require((nested || _depth == 1) && (_isNested ?? nested) == nested);
                        _isNested = nested;
                        Count();
                        Require(++_total <= _input.Shape.ElementCount);
                        return true;
                }
            }

            throw Mismatch(_input);
        }

        private void Count() => _counts[_depth - 1]++;

        private readonly void Require(bool condition)
        {
            if (!condition)
            {
                throw Mismatch(_input);
            }
        }
    }

    [InlineArray(TensorShape.MaxRank)]
    private struct LevelCounts
    {
        private long _first;
    }
}
