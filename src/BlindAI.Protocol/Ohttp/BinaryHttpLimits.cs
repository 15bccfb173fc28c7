namespace BlindAI.Protocol.Ohttp;

/// <summary>What a Binary HTTP message may hold at most. A head is refused before more than this was kept of it.</summary>
public static class BinaryHttpLimits
{
    /// <summary>Characters of a method.</summary>
    public const int MaxMethodLength = 32;

    /// <summary>Characters of a scheme.</summary>
    public const int MaxSchemeLength = 16;

    /// <summary>Characters of an authority: the longest DNS name.</summary>
    public const int MaxAuthorityLength = 255;

    /// <summary>Characters of a path with its query.</summary>
    public const int MaxPathLength = 8192;

    /// <summary>Bytes of all header or trailer lines, with their lengths.</summary>
    public const int MaxFieldSectionLength = 32 << 10;

    /// <summary>Header or trailer lines.</summary>
    public const int MaxFieldCount = 100;

    /// <summary>Interim responses before the final one.</summary>
    public const int MaxInterimCount = 8;
}
