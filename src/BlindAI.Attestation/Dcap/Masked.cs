namespace BlindAI.Attestation.Dcap;

/// <summary>Comparison of the bits that a mask names.</summary>
internal static class Masked
{
    /// <summary>Whether <c>value AND mask</c> is <paramref name="expected"/>, byte by byte; all have one length.</summary>
    public static bool Equal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> expected)
    {
        for (var index = 0; index < mask.Length; index++)
        {
            if ((value[index] & mask[index]) != expected[index])
            {
                return false;
            }
        }

        return true;
    }
}
