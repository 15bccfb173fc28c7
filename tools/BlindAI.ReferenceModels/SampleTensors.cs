using System.Runtime.InteropServices;
using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels;

/// <summary>Inputs that a seed decides: images and features of both signs, token ids of the vocabulary, masks of ones.</summary>
public static class SampleTensors
{
    /// <summary>The bytes of one input, row-major and little-endian.</summary>
    public static byte[] Make(TensorDescription input, ulong seed, int batch, int sequence)
    {
        ArgumentNullException.ThrowIfNull(input);
        var weights = new SeededWeights(seed);
        var count = input.Shape(batch, sequence).Aggregate(1L, (product, dimension) => product * dimension);
        switch (input.Type)
        {
            case OnnxType.Float:
                var bytes = new byte[count * sizeof(float)];
                weights.Fill(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()), limit: 1.7f);
                return bytes;
            case OnnxType.Int64:
                var integers = new long[count];
                for (var index = 0; index < integers.Length; index++)
                {
                    integers[index] = input.Name.EndsWith("mask", StringComparison.Ordinal) ? 1 : weights.Next(Networks.TextEncoder.Vocabulary);
                }

                return MemoryMarshal.AsBytes<long>(integers).ToArray();
            default:
                throw new ArgumentException($"No samples are made of {input.Type}.", nameof(input));
        }
    }
}
