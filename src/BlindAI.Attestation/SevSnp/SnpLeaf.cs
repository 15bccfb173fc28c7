using System.Formats.Asn1;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.SevSnp;

/// <summary>What AMD's certificate of a VCEK or VLEK says about chip and TCB: parsed, not yet believed.</summary>
/// <remarks>
/// Source: AMD publication 57230, VCEK certificate extensions under 1.3.6.1.4.1.3704.1. Values are DER inside the extension, but hwID, which is the bare bytes.
/// </remarks>
internal sealed record SnpLeaf
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";
    private const string HwIdOid = Arc + "4";
    private const string CspIdOid = Arc + "5";

    /// <summary>The extension of each byte of TCB_VERSION on Milan and Genoa: 3.1 boot loader, 3.2 TEE, 3.4 to 3.7 reserved, 3.3 SNP, 3.8 microcode.</summary>
    private static readonly int[] TcbExtensions = [1, 2, 4, 5, 6, 7, 3, 8];

    /// <summary>The same on Turin: 3.9 FMC, 3.1 boot loader, 3.2 TEE, 3.3 SNP, 3.5 to 3.7 reserved, 3.8 microcode.</summary>
    private static readonly int[] TcbExtensionsOfTurin = [9, 1, 2, 3, 5, 6, 7, 8];

    /// <summary>The version of the extensions: 0, or 1 on Turin.</summary>
    public required int StructureVersion { get; init; }

    /// <summary>The product with its stepping, such as <c>Milan-B0</c>.</summary>
    public required string ProductName { get; init; }

    /// <summary>The SPL of each extension 3.n that is there, by n.</summary>
    public required IReadOnlyDictionary<int, byte> Spls { get; init; }

    /// <summary>The chip: 64 bytes, 8 on Turin; null in a VLEK certificate.</summary>
    public required ReadOnlyMemory<byte>? HwId { get; init; }

    /// <summary>The cloud provider of a VLEK; null in a VCEK certificate.</summary>
    public required string? CspId { get; init; }

    /// <summary>Reads the extensions of AMD's certificate.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.MemberMissing"/>, <see cref="RejectionCode.EncodingInvalid"/>, <see cref="RejectionCode.ValueInvalid"/>.</exception>
    public static SnpLeaf Parse(Certificate certificate)
    {
        var spls = new Dictionary<int, byte>();
        for (var number = 1; number <= 9; number++)
        {
            if (certificate.Extensions.TryGetValue($"{Arc}3.{number}", out var value))
            {
                spls.Add(number, (byte)ReadInteger(value, byte.MaxValue));
            }
        }

        return new()
        {
            StructureVersion = ReadInteger(Required(certificate, "1"), int.MaxValue),
            ProductName = ReadText(Required(certificate, "2")),
            Spls = spls,
            HwId = certificate.Extensions.TryGetValue(HwIdOid, out var hwId) ? hwId : (ReadOnlyMemory<byte>?)null,
            CspId = certificate.Extensions.TryGetValue(CspIdOid, out var csp) ? ReadText(csp) : null,
        };
    }

    /// <summary>Whether the name is that of the product, with or without a stepping.</summary>
    public bool IsOf(SnpProduct product) => ProductName == product.ToString() || ProductName.StartsWith(product + "-", StringComparison.Ordinal);

    /// <summary>Whether every SPL is there and is the one at its place in a TCB_VERSION.</summary>
    public bool IsFor(SnpProduct product, ReadOnlySpan<byte> tcb)
    {
        var extensions = product >= SnpProduct.Turin ? TcbExtensionsOfTurin : TcbExtensions;
        for (var index = 0; index < extensions.Length; index++)
        {
            if (!Spls.TryGetValue(extensions[index], out var spl) || spl != tcb[index])
            {
                return false;
            }
        }

        return Spls.Count == extensions.Length;
    }

    private static ReadOnlyMemory<byte> Required(Certificate certificate, string number) => certificate.Extensions.TryGetValue(Arc + number, out var value)
        ? value
        : throw new AttestationException(RejectionCode.MemberMissing, $"AMD's certificate has no extension {Arc}{number}.", "is it the VCEK or VLEK certificate?");

    private static int ReadInteger(ReadOnlyMemory<byte> value, int most) => Der.Read(value, "An extension of AMD's certificate", reader =>
    {
        Reject.Unless(reader.TryReadInt32(out var number) && number >= 0 && number <= most, RejectionCode.ValueInvalid, $"A version in AMD's certificate is not between 0 and {most}.");
        reader.ThrowIfNotEmpty();
        return number;
    });

    private static string ReadText(ReadOnlyMemory<byte> value) => Der.Read(value, "An extension of AMD's certificate", reader =>
    {
        var text = reader.ReadCharacterString(UniversalTagNumber.IA5String);
        reader.ThrowIfNotEmpty();
        return text;
    });
}
