using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlindAI.Inference.Engines;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using Tensor = BlindAI.Protocol.Tensors.Tensor;

namespace BlindAI.Inference.Scheduling;

/// <summary>Finds out whether a model's first dimension is a batch dimension: whether rows give together what they give alone.</summary>
/// <remarks>
/// 1. No input has a default, every input begins with a dimension of any size, and no output begins with a fixed one. 2. No loop, whose length one row's values could set for all, no operator that gives as many rows as values say, and no scale that rows share.
/// 3. Three rows of unlike values, run together and alone, agree. A model that fails a step is never batched: one caller's data would show in another's answer.
/// </remarks>
internal static class RowTrial
{
    private const int Rows = 3;

    // Other orders of summation move the last bits; what a row does to another moves more.
    private const float Tolerance = 2e-4f;
    private const float HalfTolerance = 1e-2f;

    /// <summary>Null when the model may be batched; otherwise why not.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string? FindObstacle(ILoadedModel model, int variable, CancellationToken cancellationToken)
    {
        var signature = model.Signature;
        if (signature.Inputs.Any(input => input.IsOptional))
        {
            return "an input may be left out, and its default belongs to no row";
        }

        if (signature.Inputs.Count == 0 || signature.Inputs.Any(input => !input.HasRank || input.Shape is not [TensorMetadata.Variable, ..]))
        {
            return "not every input begins with a dimension of any size";
        }

        if (signature.Outputs.Any(output => output.HasRank && output.Shape is not [TensorMetadata.Variable, ..]))
        {
            return "an output does not begin with a dimension of any size";
        }

        if (model.Traits.HasLoops)
        {
            return "it holds a loop, whose length one request could set for others";
        }

        if (model.Traits.ShapesByValue)
        {
            return "how many rows it gives depends on values";
        }

        if (model.Traits.SharesScales)
        {
            return "it quantises activations with one scale for all rows";
        }

        if (SyntheticInputs.TryMake(signature, 0, Rows, variable) is not { } several)
        {
            return "several rows are more than a request holds";
        }

        try
        {
            using var together = model.Run(new(several), cancellationToken);
            for (var row = 0; row < Rows; row++)
            {
                using var alone = model.Run(new(SyntheticInputs.TryMake(signature, row, 1, variable)!), cancellationToken);
                for (var output = 0; output < alone.Tensors.Count; output++)
                {
                    if (!IsRow(together.Tensors[output].Tensor, alone.Tensors[output].Tensor, row))
                    {
                        return "rows that run together give other results than alone";
                    }
                }
            }

            return null;
        }
        catch (ServingException)
        {
            return "it refuses several rows at once";
        }
    }

    private static bool IsRow(Tensor together, Tensor alone, int row)
    {
        if (together.Shape.Count == 0 || together.Shape[0] != Rows || alone.Shape.Count == 0 || alone.Shape[0] != 1 || !together.Shape.Dimensions[1..].SequenceEqual(alone.Shape.Dimensions[1..]))
        {
            return false;
        }

        if (together.Datatype == TensorDatatype.Bytes)
        {
            var strings = together.ToStrings();
            var length = strings.Length / Rows;
            return strings.AsSpan(row * length, length).SequenceEqual(alone.ToStrings());
        }

        var data = together.Data.Span.Slice(row * alone.Data.Length, alone.Data.Length);
        return data.SequenceEqual(alone.Data.Span) || AreClose(together.Datatype, data, alone.Data.Span);
    }

    private static bool AreClose(TensorDatatype datatype, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        var count = datatype.ElementSize() is { } size ? one.Length / size : 0;
        var left = new float[count];
        var right = new float[count];
        switch (datatype)
        {
            case TensorDatatype.Fp32:
                MemoryMarshal.Cast<byte, float>(one).CopyTo(left);
                MemoryMarshal.Cast<byte, float>(other).CopyTo(right);
                break;
            case TensorDatatype.Fp64:
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, double>(one), left);
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, double>(other), right);
                break;
            case TensorDatatype.Fp16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(one), left);
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(other), right);
                break;
            case TensorDatatype.Bf16:
                Widen(MemoryMarshal.Cast<byte, ushort>(one), left);
                Widen(MemoryMarshal.Cast<byte, ushort>(other), right);
                break;
            default:
                return false;                               // whole numbers and truth values are equal or are not
        }

        var largest = 0f;
        foreach (var value in right)
        {
            largest = float.IsFinite(value) ? Math.Max(largest, Math.Abs(value)) : largest;
        }

        var tolerance = largest * (datatype is TensorDatatype.Fp16 or TensorDatatype.Bf16 ? HalfTolerance : Tolerance);
        for (var index = 0; index < count; index++)
        {
            var areBothUndefined = float.IsNaN(left[index]) && float.IsNaN(right[index]);
            if (!areBothUndefined && left[index] != right[index] && !(Math.Abs(left[index] - right[index]) <= tolerance))
            {
                return false;
            }
        }

        return true;

        static void Widen(ReadOnlySpan<ushort> from, Span<float> to)
        {
            for (var index = 0; index < from.Length; index++)
            {
                to[index] = BitConverter.UInt32BitsToSingle((uint)from[index] << 16);
            }
        }
    }
}
