using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.SevSnp;

/// <summary>AMD's root keys (ARK), one for each product: the root of one product vouches for no other.</summary>
/// <remarks>Source: docs/attestation.md, clause 8; AMD publication 57230. SHA-256 of the SubjectPublicKeyInfo (RSA, 4096 bits).</remarks>
internal static class AmdRoots
{
    private static readonly TrustAnchors Milan = Pin("9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9");
    private static readonly TrustAnchors Genoa = Pin("429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831");
    private static readonly TrustAnchors Turin = Pin("4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08");

    /// <summary>The root of one product.</summary>
    public static TrustAnchors Of(SnpProduct product) => product switch
    {
        SnpProduct.Milan => Milan,
        SnpProduct.Genoa => Genoa,
        SnpProduct.Turin => Turin,
        _ => throw new ArgumentOutOfRangeException(nameof(product)),
    };

    private static TrustAnchors Pin(string digest) => new(new Sha256Digest(Convert.FromHexString(digest)));
}
