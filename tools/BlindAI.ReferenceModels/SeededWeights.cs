using System.Runtime.InteropServices;
using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels;

/// <summary>Weights that a seed decides for good: integers, one multiplication and one square root, which every machine rounds alike.</summary>
/// <remarks>
/// Source: SplitMix64, Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). Values are uniform, with the deviation that He et al.,
/// "Delving deep into rectifiers" (2015), give for layers before a ReLU and Glorot and Bengio (2010) for others, so that activations neither vanish nor
/// grow through the layers. Not for secrets.
/// </remarks>
public sealed class SeededWeights(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Weights of a layer before a ReLU.</summary>
    public OnnxTensor BeforeRelu(int inputsOfOneOutput, params ReadOnlySpan<long> dimensions) =>
        Uniform(MathF.Sqrt(6f / inputsOfOneOutput), dimensions);

    /// <summary>Weights of a layer without an activation after it, or with one that is linear near zero.</summary>
    public OnnxTensor Linear(int inputsOfOneOutput, params ReadOnlySpan<long> dimensions) =>
        Uniform(MathF.Sqrt(3f / inputsOfOneOutput), dimensions);

    /// <summary>Numbers from -<paramref name="limit"/> to <paramref name="limit"/>.</summary>
    public OnnxTensor Uniform(float limit, params ReadOnlySpan<long> dimensions)
    {
        var count = 1L;
        foreach (var dimension in dimensions)
        {
            count *= dimension;
        }

        var bytes = new byte[count * sizeof(float)];
        Fill(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()), limit);
        return OnnxTensor.OverBytes(OnnxType.Float, bytes, dimensions);
    }

    /// <summary>Fills with numbers from -<paramref name="limit"/> to <paramref name="limit"/>.</summary>
    public void Fill(Span<float> values, float limit)
    {
        for (var index = 0; index < values.Length; index++)
        {
            // 24 bits are exact in a float.
            values[index] = (((Next() >> 40) * (1f / (1 << 23))) - 1f) * limit;
        }
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1; the bias of the remainder does not matter here.</summary>
    public int Next(int bound) => (int)(Next() % (ulong)bound);

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
