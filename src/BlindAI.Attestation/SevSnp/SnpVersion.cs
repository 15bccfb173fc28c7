using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.SevSnp;

/// <summary>A least version of the SNP firmware, such as 1.55 build 39.</summary>
public sealed record SnpVersion
{
    /// <summary>The major number, 0 to 255.</summary>
    public required byte Major { get; init; }

    /// <summary>The minor number, 0 to 255.</summary>
    public required byte Minor { get; init; }

    /// <summary>The build number, 0 to 255; counts only where the other two are equal.</summary>
    public required byte Build { get; init; }

    internal bool IsAtLeast(SnpVersion least) => (Major, Minor, Build).CompareTo((least.Major, least.Minor, least.Build)) >= 0;

    internal static SnpVersion Read(PolicyObject members) => new()
    {
        Major = (byte)members.Required("major").Integer(byte.MinValue, byte.MaxValue),
        Minor = (byte)members.Required("minor").Integer(byte.MinValue, byte.MaxValue),
        Build = (byte)members.Required("build").Integer(byte.MinValue, byte.MaxValue),
    };

    internal void Describe(PolicyMembers members)
    {
        members.AtLeast("major", "The firmware's major number", Major);
        members.AtLeast("minor", "The firmware's minor number, where the major one is equal,", Minor);
        members.AtLeast("build", "The firmware's build, where both others are equal,", Build);
    }
}
