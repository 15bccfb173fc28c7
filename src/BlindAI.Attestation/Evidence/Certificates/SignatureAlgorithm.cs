namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>How a vendor's certificate or list is signed: every algorithm that one of them uses, and no other.</summary>
internal enum SignatureAlgorithm
{
    /// <summary>ECDSA P-256 with SHA-256 (Intel).</summary>
    EcdsaSha256,

    /// <summary>ECDSA P-384 with SHA-384 (AWS, NVIDIA).</summary>
    EcdsaSha384,

    /// <summary>RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes (AMD).</summary>
    RsaPssSha384,
}
