using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>The roots that NVIDIA signs under: devices, and reference measurements.</summary>
/// <remarks>Source: docs/attestation.md, clause 8.</remarks>
internal static class NvidiaRoots
{
    /// <summary>NVIDIA Device Identity CA, P-384, without an end.</summary>
    public static TrustAnchors Devices { get; } = new(new Sha256Digest(Convert.FromHexString("a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4")))
    {
        Certificates = [new(Convert.FromHexString("102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48"))],
    };

    /// <summary>NVIDIA CoRIM signing Root CA, P-384, valid until 2053.</summary>
    public static TrustAnchors ReferenceMeasurements { get; } = new(new Sha256Digest(Convert.FromHexString("dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3")))
    {
        Certificates = [new(Convert.FromHexString("12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1"))],
    };
}
