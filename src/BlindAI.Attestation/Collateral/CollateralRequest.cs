namespace BlindAI.Attestation.Collateral;

/// <summary>One address to ask, and what its answer is for.</summary>
internal sealed record CollateralRequest
{
    /// <summary>The address.</summary>
    public required Uri Url { get; init; }

    /// <summary>What it answers with.</summary>
    public required CollateralForm Form { get; init; }

    /// <summary>The endorsements that the answer gives, the body's first.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The response headers that may carry the signer's chain, as URL-encoded PEM: Intel names them differently in each version.</summary>
    public IReadOnlyList<string> ChainHeaders { get; init; } = [];

    /// <summary>Longest time that an answer is kept; it ends sooner where the content does.</summary>
    public required TimeSpan MaxAge { get; init; }
}
