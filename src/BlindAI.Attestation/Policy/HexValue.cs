namespace BlindAI.Attestation.Policy;

/// <summary>Bytes that a policy writes as hexadecimal: a digest, a measurement, an identifier.</summary>
/// <remarks>The one encoding is lower case without prefix or separators, so that equal values are equal texts.</remarks>
public sealed class HexValue : IEquatable<HexValue>
{
    private readonly byte[] _bytes;

    /// <summary>Copies the bytes.</summary>
    public HexValue(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>The bytes, first digit first.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads lower-case hexadecimal.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static HexValue Parse(string hex) => TryParse(hex) ?? throw new FormatException("The text is not lower-case hexadecimal.");

    /// <summary>Reads lower-case hexadecimal; null when the text is something else.</summary>
    internal static HexValue? TryParse(string hex) =>
        hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigitLower) ? new HexValue(Convert.FromHexString(hex)) : null;

    /// <summary>Whether the value is exactly these bytes. Policies are public: the time of the comparison hides nothing.</summary>
    public bool Equals(ReadOnlySpan<byte> bytes) => _bytes.AsSpan().SequenceEqual(bytes);

    /// <inheritdoc/>
    public bool Equals(HexValue? other) => other is not null && Equals(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HexValue);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    /// <summary>The lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(_bytes);
}
