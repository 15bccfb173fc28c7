using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>The roots that NVIDIA signs under: devices, and reference measurements.</summary>
/// <remarks>Source: docs/attestation.md, clause 8.</remarks>
internal static class NvidiaRoots
{
    /// <summary>NVIDIA Device Identity CA, P-384, without an end.</summary>
    public static TrustAnchors Devices { get; } = new(new Sha256Digest(Convert.FromHexString("a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4")));

    /// <summary>NVIDIA CoRIM signing Root CA, P-384, valid until 2053.</summary>
    public static TrustAnchors ReferenceMeasurements { get; } = new(new Sha256Digest(Convert.FromHexString("dec1dc316477aa851eebdf51327ae9f864bc8d89254657ed1e7eb9168af1e1a3")));
}
