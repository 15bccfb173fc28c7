using System.Collections.Immutable;
using System.Text.Json;

namespace BlindAI.Attestation.Policy;

/// <summary>Reads the members of a policy file.</summary>
internal static class AttestationPolicyReader
{
    public static AttestationPolicy Read(ReadOnlySpan<byte> utf8, string folder) => PolicyJson.Parse(utf8).Object(members =>
    {
        ReadVersion(members.Required("version"));   // before anything else: another version may know other members
        return new AttestationPolicy
        {
            ValidUntil = members.Optional("validUntil")?.Instant(),
            Service = ReadService(members.Required("service")),
            Machines = ReadMachines(members.Required("machines"), folder),
            Configuration = ReadConfiguration(members),
            ReattestAfter = TimeSpan.FromSeconds(members.Optional("reattestAfterSeconds")?.Integer(1, AttestationPolicy.MaxReattestSeconds)
                ?? AttestationPolicy.DefaultReattestSeconds),
            Binder = members.Optional("binder")?.Choice<BinderRequirement>(PolicyNames.Camel) ?? BinderRequirement.Preferred,
            Accept = ReadEntries(members.Required("accept")),
            Models = members.Optional("models") is { } models ? ReadModels(models) : ImmutableSortedDictionary<string, IReadOnlyList<string>>.Empty,
            OtherModels = members.Required("otherModels").Choice<OtherModels>(PolicyNames.Camel),
            TimestampAuthorities = members.Optional("timestampAuthorities")?.HexList(PolicySizes.Sha256),
        };
    });

    private static void ReadVersion(PolicyNode node)
    {
        if (node.Integer(0, int.MaxValue) is not AttestationPolicy.FormatVersion)
        {
            throw new AttestationException(RejectionCode.VersionUnsupported, $"{node.Place} is a version that this build does not read.",
                $"write version {AttestationPolicy.FormatVersion}, or use a newer build.");
        }
    }

    private static string ReadService(PolicyNode node) => AttestationPolicy.IsServiceName(node.Text())
        ? node.Text()
        : throw node.Invalid("is not a service name of 1 to 253 visible ASCII characters");

    private static MachineRule ReadMachines(PolicyNode node, string folder)
    {
        const string Hint = "write \"any\", or { \"chipIds\", \"ppids\", \"platformInstanceIds\" }, or { \"tls\": { \"ca\": \"system\" } }.";
        if (node.Kind == JsonTokenType.String)
        {
            return node.Text() == "any" ? new MachineRule.Any() : throw node.Invalid("is not a rule about machines", Hint);
        }

        return node.Object<MachineRule>(members =>
        {
            if (members.Optional("tls") is { } tls)
            {
                return new MachineRule.Tls { CaFile = ReadCa(tls, folder) };
            }

            var listed = new MachineRule.Listed
            {
                ChipIds = members.Optional("chipIds")?.List(ReadChipId),
                Ppids = members.Optional("ppids")?.HexList(MachineRule.IntelIdSize),
                PlatformInstanceIds = members.Optional("platformInstanceIds")?.HexList(MachineRule.IntelIdSize),
            };
            members.RefuseUnknown();   // a misspelt list is named as such, not as an empty rule
            return listed.IsEmpty ? throw node.Invalid("is empty", Hint) : listed;
        });
    }

    private static HexValue ReadChipId(PolicyNode node)
    {
        var chipId = node.Hex(MachineRule.ChipIdSize);
        return MachineRule.Listed.NamesChip(chipId)
            ? chipId
            : throw node.Invalid("is zero, which every masked chip reports", "name the chip, or decide by \"tls\".");
    }

    private static string? ReadCa(PolicyNode node, string folder)
    {
        var ca = node.Object(members => members.Required("ca").Text());
        return ca == MachineRule.SystemCa ? null : Path.Combine(folder, ca);
    }

    private static DigestRule ReadConfiguration(PolicyObject members)
    {
        var (listed, any) = (members.Optional("configuration"), members.Optional("dangerouslyAnyConfiguration"));
        if (any is not null && !any.Boolean())
        {
            throw any.Invalid("must be true, or absent", "list the accepted digests under \"configuration\".");
        }

        return (listed, any) switch
        {
            ({ Kind: JsonTokenType.String, Scalar: "any" } word, null) => throw word.Invalid("must be a list of digests",
                "to accept any configuration knowingly, write \"dangerouslyAnyConfiguration\": true in its place."),
            ({ } node, null) => DigestRule.OneOf(node.HexList(PolicySizes.Sha256)),
            (null, { }) => DigestRule.DangerouslyAny,
            (null, null) => throw members.Node.Missing("configuration"),
            (_, { } node) => throw node.Invalid("contradicts \"configuration\"", "keep one of the two."),
        };
    }

    private static IReadOnlyList<PolicyEntry> ReadEntries(PolicyNode node)
    {
        var entries = node.List(PolicyEntryReader.Read);
        return AttestationPolicy.FindFault(entries) is { } problem
            ? throw node.Invalid(problem, "write two policies: one for development, one for production.")
            : entries;
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadModels(PolicyNode node)
    {
        var models = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (name, digests) in node.Map())
        {
            models.Add(ModelPins.IsModel(name) ? name : throw digests.Invalid("is not the name of a model", "write \"namespace/model\", such as \"default/credit\"."),
                digests.List(ReadModelDigest));
        }

        return models;
    }

    private static string ReadModelDigest(PolicyNode node) => ModelPins.IsDigest(node.Text())
        ? node.Text()
        : throw node.Invalid("is not a model digest", "write \"sha256:\" and 64 lower-case hexadecimal digits, as `blindai digest` prints them.");
}
