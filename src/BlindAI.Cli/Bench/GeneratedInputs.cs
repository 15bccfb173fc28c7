using System.Buffers.Binary;
using System.Globalization;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Bench;

/// <summary>Makes inputs for a model from its metadata: the same at every call, so that two tests compare.</summary>
/// <remarks>Floating point is uniform in [0, 1), integers and booleans are 0 or 1, since they are often indexes; strings are "a".</remarks>
internal static class GeneratedInputs
{
    /// <summary>Most bytes of a tensor: what servers take in a request by default.</summary>
    public const long MaxBytes = 64L << 20;

    private const int Seed = 1;

    /// <summary>Reads <c>--shape name=1,128</c> arguments; a name comes once.</summary>
    /// <exception cref="UsageException">One is not of that form, or a name comes twice.</exception>
    public static IReadOnlyDictionary<string, long[]> ParseShapes(IReadOnlyList<string> arguments)
    {
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var argument in arguments)
        {
            var separator = argument.LastIndexOf('=');
            var dimensions = separator > 0 ? ParseDimensions(argument[(separator + 1)..]) : null;
            if (dimensions is null)
            {
                throw new UsageException("A --shape is not name=DIMENSION,DIMENSION.", "such as --shape input_ids=1,128.");
            }

            if (!shapes.TryAdd(argument[..separator], dimensions))
            {
                throw new UsageException($"The shape of \"{argument[..separator]}\" is given twice.");
            }
        }

        return shapes;
    }

    /// <summary>Makes a tensor.</summary>
    /// <param name="input">What the model says of it; where a dimension varies it is 1.</param>
    /// <param name="shape">The dimensions; null takes the model's.</param>
    /// <exception cref="UsageException">The tensor would be too large, or this version cannot make its datatype.</exception>
    /// <exception cref="ServingException">The shape is none.</exception>
    public static Tensor Make(TensorDescription input, long[]? shape)
    {
        var datatype = TensorDatatypes.Find(input.Datatype) ?? throw new UsageException($"Input \"{input.Name}\" has a datatype that this version does not know.", "give it with --input.");
        var dimensions = new TensorShape(shape ?? [.. input.Shape.Select(dimension => dimension < 0 ? 1 : dimension)]);
        var size = datatype.ElementSize() ?? sizeof(int) + 1;
        if (dimensions.ElementCount > MaxBytes / size)
        {
            throw new UsageException($"Input \"{input.Name}\" would have more than {MaxBytes} bytes.", "choose smaller dimensions with --shape, or give a file with --input.");
        }

        var data = new byte[dimensions.ElementCount * size];
        var state = (ulong)Seed;
        for (var element = data.AsSpan(); !element.IsEmpty; element = element[size..])
        {
            Write(element, datatype, Next(ref state));
        }

        return new Tensor(datatype, dimensions, data);
    }

    private static long[]? ParseDimensions(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        var parts = text.Split(',');
        var dimensions = new long[parts.Length];
        for (var index = 0; index < parts.Length; index++)
        {
            if (!long.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out dimensions[index]))
            {
                return null;
            }
        }

        return parts.Length <= TensorShape.MaxRank ? dimensions : null;
    }

    private static void Write(Span<byte> element, TensorDatatype datatype, ulong random)
    {
        var unit = (random >> 11) * (1.0 / (1UL << 53));
        switch (datatype)
        {
            case TensorDatatype.Fp16:
                BinaryPrimitives.WriteHalfLittleEndian(element, (Half)unit);
                break;
            case TensorDatatype.Bf16:
                BinaryPrimitives.WriteUInt16LittleEndian(element, (ushort)(BitConverter.SingleToUInt32Bits((float)unit) >> 16));
                break;
            case TensorDatatype.Fp32:
                BinaryPrimitives.WriteSingleLittleEndian(element, (float)unit);
                break;
            case TensorDatatype.Fp64:
                BinaryPrimitives.WriteDoubleLittleEndian(element, unit);
                break;
            case TensorDatatype.Bytes:
                BinaryPrimitives.WriteInt32LittleEndian(element, 1);
                element[sizeof(int)] = (byte)'a';
                break;
            default:
                element[0] = (byte)(random >> 63);                          // little-endian, of whatever length
                break;
        }
    }

    // SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators"). Nothing here is secret.
    private static ulong Next(ref ulong state)
    {
        var value = state += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
