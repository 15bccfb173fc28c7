using System.Text.Json;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Collateral;

/// <summary>What an address answered: bytes of a stranger. Reading them here only tells an answer from an error page, and how long it lasts.</summary>
internal sealed record CollateralAnswer(ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte>? Chain)
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16 };

    /// <summary>The endorsements, by the names of the request.</summary>
    /// <exception cref="AttestationException">The 1xx family: the body is not what the address should answer with.</exception>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<ReadOnlyMemory<byte>>>> Endorsements(CollateralRequest request)
    {
        ReadOnlyMemory<byte>[] values = request.Form == CollateralForm.AmdChain
            ? [.. ReadAmdChain().Select(certificate => certificate.Encoded)]
            : Chain is { } chain ? [Body, chain] : [Body];
        return request.Names.Zip(values, (name, value) => KeyValuePair.Create(name, (IReadOnlyList<ReadOnlyMemory<byte>>)[value]));
    }

    /// <summary>The end of the validity that the content itself states.</summary>
    /// <exception cref="AttestationException">The 1xx family: the body is not what the address should answer with.</exception>
    public DateTimeOffset EndOfValidity(CollateralForm form) => form switch
    {
        CollateralForm.SignedJson => ReadNextUpdate(),
        CollateralForm.RevocationList => RevocationList.Parse(Body).NextUpdate,
        CollateralForm.Certificate => Pem.ReadCertificates(Body)[0].NotAfter,
        CollateralForm.AmdChain => CertificateChain.EndOf(ReadAmdChain()),
        _ => throw new ArgumentOutOfRangeException(nameof(form)),
    };

    private IReadOnlyList<Certificate> ReadAmdChain()
    {
        var certificates = Pem.ReadCertificates(Body);
        Reject.Unless(certificates.Count == 2, RejectionCode.ValueInvalid, $"AMD's chain holds {certificates.Count} certificates, not two.");
        return certificates;
    }

    // {"name": {…, "nextUpdate": "…"}, "signature": "…"}
    private DateTimeOffset ReadNextUpdate()
    {
        try
        {
            using var document = JsonDocument.Parse(Body, Strict);
            var signed = document.RootElement.EnumerateObject().First(member => member.Value.ValueKind == JsonValueKind.Object).Value;
            return signed.GetProperty("nextUpdate").GetDateTimeOffset();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The answer is not signed JSON of Intel's.", innerException: exception);
        }
    }
}
