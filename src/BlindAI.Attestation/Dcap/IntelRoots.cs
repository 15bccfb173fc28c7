using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Dcap;

/// <summary>Intel's root of SGX and TDX, pinned by its key: Intel issued the certificate twice, with other dates.</summary>
/// <remarks>Source: Intel SGX Root CA, https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.pem; docs/attestation.md, clause 8.</remarks>
internal static class IntelRoots
{
    /// <summary>Intel SGX Root CA, P-256.</summary>
    public static TrustAnchors All { get; } = new([new(Convert.FromHexString("a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e"))]);
}
