using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Nitro;

/// <summary>The root that AWS signs Nitro enclaves under.</summary>
/// <remarks>Source: AWS Nitro Enclaves, "Verifying the root of trust"; docs/attestation.md, clause 8.</remarks>
internal static class AwsRoots
{
    /// <summary>AWS Nitro Enclaves Root-G1, P-384, valid until 2049.</summary>
    public static TrustAnchors NitroEnclaves { get; } = new(new Sha256Digest(Convert.FromHexString("f2caf5ecc6190b4a8399b78bc58a2bbcd0382375db8a1bfd78a82743874fd225")));
}
