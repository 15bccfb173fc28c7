namespace BlindAI.Attestation.Policy;

/// <summary>Looks bytes of evidence up in a list of a policy.</summary>
public static class HexValueList
{
    /// <summary>Whether one of the values is exactly these bytes.</summary>
    public static bool Contains(this IReadOnlyList<HexValue> values, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var value in values)
        {
            if (value.Equals(bytes))
            {
                return true;
            }
        }

        return false;
    }
}
