using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.ArmCca;

/// <summary>What an Arm CCA realm must prove: its measurements, and the platform below under a key that the policy names.</summary>
/// <remarks>
/// Source: Arm DEN0137 (Realm Management Monitor), attestation token. There is no public vendor root, so the policy must name the platform's keys.
/// A life cycle other than secured (0x3000 to 0x30ff) counts as debug. The challenge belongs to the channel.
/// </remarks>
public sealed class CcaPolicyEntry : PolicyEntry
{
    private const int LastRem = 3;
    private const int InstanceIdSize = 33;
    private const int PersonalizationSize = 64;

    private static readonly int[] MeasurementSizes = [32, 48, 64];

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.ArmCca;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the accepted platform keys (CPAK).</summary>
    public required IReadOnlyList<HexValue> PlatformKeys { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>Accepted implementations of the platform, 32 bytes each.</summary>
    public required IReadOnlyList<HexValue> ImplementationIds { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>Accepted initial measurements of the realm: 32, 48 or 64 bytes, by its hash algorithm.</summary>
    public required IReadOnlyList<HexValue> Rim { get; init => field = PolicyGuard.HexList(value, MeasurementSizes); }

    /// <summary>The extensible measurements by index 0 to 3: 32, 48 or 64 bytes.</summary>
    public IReadOnlyDictionary<int, HexValue>? Rem { get; init => field = PolicyGuard.Registers(value, LastRem, MeasurementSizes, []); }

    /// <summary>The personalisation value of the realm, 64 bytes.</summary>
    public HexValue? PersonalizationValue { get; init => field = PolicyGuard.Hex(value, PersonalizationSize); }

    /// <summary>Accepted platforms by instance id, 33 bytes each, the first of them 01.</summary>
    public IReadOnlyList<HexValue>? InstanceIds { get; init => field = PolicyGuard.HexList(value, InstanceIdSize); }

    /// <summary>Accepted profiles of the platform token, such as <c>tag:arm.com,2023:cca_platform#1.0.0</c>.</summary>
    public IReadOnlyList<string>? PlatformProfiles { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted hash algorithms of the realm, such as <c>sha-256</c>.</summary>
    public IReadOnlyList<string>? HashAlgorithms { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted measurements of the platform's software components; each component must have one of them.</summary>
    public IReadOnlyList<HexValue>? SoftwareComponents { get; init => field = PolicyGuard.HexList(value, MeasurementSizes); }

    /// <summary>Accepted signers of the platform's software components; each component must have one of them.</summary>
    public IReadOnlyList<HexValue>? SignerIds { get; init => field = PolicyGuard.HexList(value, MeasurementSizes); }

    internal static CcaPolicyEntry Read(PolicyObject members) => new()
    {
        PlatformKeys = members.Required("platformKeys").HexList(PolicySizes.Sha256),
        ImplementationIds = members.Required("implementationIds").HexList(PolicySizes.Sha256),
        Rim = members.Required("rim").HexList(MeasurementSizes),
        Rem = members.Optional("rem")?.Registers(LastRem, MeasurementSizes, []),
        PersonalizationValue = members.Optional("personalizationValue")?.Hex(PersonalizationSize),
        InstanceIds = members.Optional("instanceIds")?.HexList(InstanceIdSize),
        PlatformProfiles = members.Optional("platformProfiles")?.TextList(),
        HashAlgorithms = members.Optional("hashAlgorithms")?.TextList(),
        SoftwareComponents = members.Optional("softwareComponents")?.HexList(MeasurementSizes),
        SignerIds = members.Optional("signerIds")?.HexList(MeasurementSizes),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
    };

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        members.OneOf("platformKeys", "The key of the platform (CPAK)", PlatformKeys);
        members.OneOf("implementationIds", "The implementation of the platform", ImplementationIds);
        members.OneOf("rim", "The initial measurement of the realm (RIM)", Rim);
        members.Registers("rem", "The extensible measurements of the realm (REM)", Rem, LastRem);
        members.Exactly("personalizationValue", "The personalisation value of the realm", PersonalizationValue);
        members.OneOf("instanceIds", "The platform's instance id", InstanceIds);
        members.OneOf("platformProfiles", "The profile of the platform token", PlatformProfiles);
        members.OneOf("hashAlgorithms", "The realm's hash algorithm", HashAlgorithms);
        members.OneOf("softwareComponents", "The measurement of each firmware component", SoftwareComponents);
        members.OneOf("signerIds", "The signer of each firmware component", SignerIds);
        members.Debug(DangerouslyAllowDebug, "A platform outside its secured life cycle");
    }
}
