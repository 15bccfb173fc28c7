namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>A GPU generation that has confidential computing.</summary>
public enum NvidiaArchitecture
{
    /// <summary>H100, H200 and their kin; device certificates begin with GH100.</summary>
    Hopper,

    /// <summary>B100, B200 and their kin; device certificates begin with GB100.</summary>
    Blackwell,
}
