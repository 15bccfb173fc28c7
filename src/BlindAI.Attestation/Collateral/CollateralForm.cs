namespace BlindAI.Attestation.Collateral;

/// <summary>What an address answers with.</summary>
internal enum CollateralForm
{
    /// <summary>JSON with a signature beside it (Intel), whose signed object says <c>nextUpdate</c>.</summary>
    SignedJson,

    /// <summary>A revocation list in DER, PEM or hexadecimal.</summary>
    RevocationList,

    /// <summary>One certificate in DER or PEM.</summary>
    Certificate,

    /// <summary>AMD's intermediate and root, PEM, in this order.</summary>
    AmdChain,
}
