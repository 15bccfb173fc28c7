namespace BlindAI.Attestation.Policy;

/// <summary>Sizes of values and limits of policy files.</summary>
internal static class PolicySizes
{
    /// <summary>Bytes of a SHA-256 digest.</summary>
    public const int Sha256 = 32;

    /// <summary>Bytes of a SHA-384 digest: every launch measurement of SNP, TDX and Nitro.</summary>
    public const int Sha384 = 48;

    /// <summary>Most bytes of a policy file. A real one has a few kilobytes.</summary>
    public const int MaxFileBytes = 1 << 20;

    /// <summary>Deepest nesting of a policy file. The schema needs 5.</summary>
    public const int MaxDepth = 16;

    /// <summary>Most items of one list, or members of one object.</summary>
    public const int MaxItems = 4096;

    /// <summary>Most characters of one free text.</summary>
    public const int MaxTextLength = 1024;
}
