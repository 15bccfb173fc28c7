using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What the paravisor says about a virtual machine: the vTPM's attestation key, the set-up, and data of the user. Believed once hardware has signed its hash.</summary>
/// <remarks>
/// Source: Microsoft, "Attestation for confidential VMs", runtime data; docs/attestation.md, clause 14. Members that Azure adds are skipped; none may come twice.
/// </remarks>
public sealed record AzureRuntimeData
{
    /// <summary>The name of the key that signs quotes.</summary>
    internal const string AttestationKeyName = "HCLAkPub";

    private const int MaxKeys = 16;

    private const int UserDataLength = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Modulus of the attestation key (RSA), big-endian.</summary>
    public required ReadOnlyMemory<byte> Modulus { get; init; }

    /// <summary>Exponent of the attestation key, big-endian.</summary>
    public required ReadOnlyMemory<byte> Exponent { get; init; }

    /// <summary>Whether secure boot is on; null where it is not said, as below.</summary>
    public required bool? SecureBoot { get; init; }

    /// <summary>Whether the virtual TPM is on.</summary>
    public required bool? TpmEnabled { get; init; }

    /// <summary>Whether the host keeps the virtual TPM's state.</summary>
    public required bool? TpmPersisted { get; init; }

    /// <summary>Whether the host's console is attached.</summary>
    public required bool? ConsoleEnabled { get; init; }

    /// <summary>The thumbprint of the root certificate, as Azure writes it.</summary>
    public required string? RootCertThumbprint { get; init; }

    /// <summary>The virtual machine's unique id, as Azure writes it.</summary>
    public required string? VmUniqueId { get; init; }

    /// <summary>The user's data, 64 bytes (NV index 0x01400002).</summary>
    public required ReadOnlyMemory<byte>? UserData { get; init; }

    /// <summary><c>vm-configuration</c> as it was written, JSON.</summary>
    public required string VmConfiguration { get; init; }

    /// <summary>Reads the JSON.</summary>
    /// <exception cref="AttestationException">The 1xx family, <see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static AzureRuntimeData Parse(ReadOnlyMemory<byte> utf8)
    {
        Reject.Unless(utf8.Length <= HclReport.MaxRuntimeDataLength, RejectionCode.TooLarge, $"The runtime data have {utf8.Length} bytes; the limit is {HclReport.MaxRuntimeDataLength}.");
        try
        {
            using var document = JsonDocument.Parse(utf8, Options);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The runtime data are not the JSON that Azure writes.", innerException: exception);
        }
    }

    /// <summary>The members by the names of the vectors.</summary>
    internal void AddTo(JsonObject claims)
    {
        claims["vm_configuration"] = JsonNode.Parse(VmConfiguration);
        claims["ak_kid"] = AttestationKeyName;
        if (UserData is { } userData)
        {
            claims["user_data"] = Convert.ToHexStringLower(userData.Span);
        }
    }

    private static AzureRuntimeData Read(JsonElement root)
    {
        var key = FindAttestationKey(Required(root, "keys"));
        Reject.Unless(Required(key, "kty").GetString() == "RSA", RejectionCode.AlgorithmUnsupported, $"The key \"{AttestationKeyName}\" is not an RSA key.");
        var configuration = Required(root, "vm-configuration");
        RequireText(configuration);
        return new()
        {
            Modulus = ReadNumber(key, "n"),
            Exponent = ReadNumber(key, "e"),
            SecureBoot = Optional(configuration, "secure-boot")?.GetBoolean(),
            TpmEnabled = Optional(configuration, "tpm-enabled")?.GetBoolean(),
            TpmPersisted = Optional(configuration, "tpm-persisted")?.GetBoolean(),
            ConsoleEnabled = Optional(configuration, "console-enabled")?.GetBoolean(),
            RootCertThumbprint = Optional(configuration, "root-cert-thumbprint")?.GetString(),
            VmUniqueId = Optional(configuration, "vmUniqueId")?.GetString(),
            UserData = Optional(root, "user-data") is { } userData ? ReadUserData(userData.GetString()!) : (ReadOnlyMemory<byte>?)null,
            VmConfiguration = configuration.GetRawText(),
        };
    }

    // What is shown later must be text: JSON may hold halves of characters, and a reader finds out only when it reads them.
    private static void RequireText(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    RequireText(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    RequireText(item);
                }

                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
            default:
                break;
        }
    }

    // Two keys of one name would leave open which of them the hardware vouches for.
    private static JsonElement FindAttestationKey(JsonElement keys)
    {
        Reject.Unless(keys.GetArrayLength() <= MaxKeys, RejectionCode.TooLarge, $"The runtime data have {keys.GetArrayLength()} keys; the limit is {MaxKeys}.");
        JsonElement? found = null;
        foreach (var key in keys.EnumerateArray())
        {
            if (Optional(key, "kid")?.GetString() == AttestationKeyName)
            {
                Reject.Unless(found is null, RejectionCode.MemberDuplicate, $"The runtime data have two keys \"{AttestationKeyName}\".");
                found = key;
            }
        }

        return found ?? throw new AttestationException(RejectionCode.MemberMissing, $"The runtime data have no key \"{AttestationKeyName}\".");
    }

    private static ReadOnlyMemory<byte> ReadNumber(JsonElement key, string member)
    {
        var text = Encoding.UTF8.GetBytes(Required(key, member).GetString()!);
        Reject.Unless(StrictBase64Url.TryDecode(text, out var bytes), RejectionCode.EncodingInvalid, $"\"{member}\" of the key \"{AttestationKeyName}\" is not base64url.");
        return bytes;
    }

    private static byte[] ReadUserData(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        Reject.Unless(bytes.Length == UserDataLength, RejectionCode.ValueInvalid, $"The user data have {bytes.Length} bytes, not {UserDataLength}.");
        return bytes;
    }

    private static JsonElement? Optional(JsonElement parent, string member) =>
        parent.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static JsonElement Required(JsonElement parent, string member) =>
        Optional(parent, member) ?? throw new AttestationException(RejectionCode.MemberMissing, $"The runtime data have no \"{member}\".");
}
