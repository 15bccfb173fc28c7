namespace BlindAI.Testing;

/// <summary>What a <see cref="LoopbackVendor"/> answers.</summary>
public sealed record VendorAnswer(int Status, ReadOnlyMemory<byte> Body, params IReadOnlyList<(string Name, string Value)> Headers)
{
    public static VendorAnswer NotFound { get; } = new(404, default);

    /// <summary>Whether Content-Length is sent; without it the body ends with the connection.</summary>
    public bool StatesLength { get; init; } = true;

    public static VendorAnswer Ok(ReadOnlyMemory<byte> body, params IReadOnlyList<(string Name, string Value)> headers) => new(200, body, headers);
}
