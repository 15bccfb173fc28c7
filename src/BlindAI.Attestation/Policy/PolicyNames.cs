namespace BlindAI.Attestation.Policy;

/// <summary>How an enumeration is written in a policy: a vendor's word as the vendor writes it, our own in camel case.</summary>
internal static class PolicyNames
{
    /// <summary><c>UpToDate</c> stays <c>UpToDate</c>.</summary>
    public static string Vendor<T>(T value)
        where T : struct, Enum => value.ToString();

    /// <summary><c>MigrateMa</c> becomes <c>migrateMa</c>.</summary>
    public static string Camel<T>(T value)
        where T : struct, Enum
    {
        var name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
