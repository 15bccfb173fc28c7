using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Nitro;

/// <summary>What a Nitro enclave must prove: its platform configuration registers.</summary>
/// <remarks>
/// Source: AWS Nitro Enclaves, "Verifying the root of trust". PCR0 image, 1 kernel and boot ramdisk, 2 application, 3 the parent's IAM role,
/// 4 the parent instance, 8 the image's signing certificate. PCR0 to 2 are zero in debug mode. User data and nonce belong to the channel.
/// </remarks>
public sealed class NitroPolicyEntry : PolicyEntry
{
    private const int LastPcr = 31;
    private const int LastImagePcr = 2;

    private static ReadOnlySpan<int> RequiredPcrs => [0, 1, 2];

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.Nitro;

    /// <summary>The registers by index 0 to 31, 48 bytes each; 0, 1 and 2 must be there. One that a document lacks fails.</summary>
    public required IReadOnlyDictionary<int, HexValue> Pcrs { get; init => field = PolicyGuard.Registers(value, LastPcr, [PolicySizes.Sha384], RequiredPcrs); }

    /// <summary>Accepted enclaves by module id, such as <c>i-0123456789abcdef0-enc0123456789abcdef</c>.</summary>
    public IReadOnlyList<string>? ModuleIds { get; init => field = PolicyGuard.Texts(value); }

    internal static NitroPolicyEntry Read(PolicyObject members) => new()
    {
        Pcrs = members.Required("pcrs").Registers(LastPcr, [PolicySizes.Sha384], RequiredPcrs),
        ModuleIds = members.Optional("moduleIds")?.TextList(),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
    };

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        members.Registers("pcrs", "The registers (0 image, 1 kernel, 2 application, 3 IAM role, 4 parent instance, 8 signing certificate)", Pcrs, LastPcr);
        members.OneOf("moduleIds", "The enclave's module id", ModuleIds);
        members.Debug(DangerouslyAllowDebug, "An enclave in debug mode");
    }

    internal override PolicyFault? FindFault()
    {
        for (var index = 0; index <= LastImagePcr && !DangerouslyAllowDebug; index++)
        {
            if (!Pcrs[index].Bytes.ContainsAnyExcept((byte)0))
            {
                return new(PolicyNode.StepTo("pcrs") + PolicyNode.StepTo($"{index}"), "is zero, as it is in debug mode alone",
                    "pin the register of a production enclave, or say \"dangerouslyAllowDebug\": true.");
            }
        }

        return null;
    }
}
