using System.Formats.Asn1;
using System.Text.Json;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Dcap;

/// <summary>Collateral as Intel signs it: one JSON object beside the signature over its very bytes.</summary>
/// <remarks>Source: Intel PCS API v4, "Get TCB Info" and "Get QE Identity"; docs/attestation.md, clause 9. The bytes are cut out of what was received, never written again.</remarks>
internal static class SignedJson
{
    /// <summary>Most bytes of one document.</summary>
    public const int MaxLength = 128 * 1024;

    private const int SignatureLength = 64;
    private const string SignerName = "Intel SGX TCB Signing";

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 16 };

    /// <summary>How the signed object is read: no duplicate members, bounded depth.</summary>
    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>Decides whether Intel signed the object, and reads it then.</summary>
    /// <remarks>1. The document parses. 2. Its signer chains to the root. 3. The signer is the one for TCB data. 4. It signed the object.</remarks>
    /// <param name="document"><c>{"name": {…}, "signature": "…"}</c>.</param>
    /// <param name="name">The member that is signed.</param>
    /// <param name="chain">The signer's certificates, leaf first.</param>
    /// <param name="roots">Intel's root.</param>
    /// <param name="now">When all of it must be valid.</param>
    /// <param name="read">Reads the signed object.</param>
    /// <exception cref="AttestationException">The 1xx family, what <see cref="CertificateChain"/> refuses, <see cref="RejectionCode.CollateralSignatureInvalid"/>.</exception>
    public static T Verify<T>(ReadOnlyMemory<byte> document, string name, IReadOnlyList<Certificate> chain, TrustAnchors roots, DateTimeOffset now, Func<JsonElement, T> read)
    {
        Reject.Unless(document.Length <= MaxLength, RejectionCode.TooLarge, $"The collateral \"{name}\" has {document.Length} bytes; the limit is {MaxLength}.");
        var (signed, signature) = Guarded(name, () => Split(document, name));                                                                    // 1
        CertificateChain.Verify(chain, roots, now);                                                                                               // 2
        Reject.Unless(chain.Count == 2 && chain[0].SubjectCommonName == SignerName && !chain[0].IsAuthority, RejectionCode.CollateralSignatureInvalid,
            $"The certificate beside \"{name}\" is not Intel's for TCB data.");                                                                  // 3
        Reject.Unless(VerifiedSignatures.Holds(chain[0], SignatureAlgorithm.EcdsaSha256, signed, ToDer(signature)),
            RejectionCode.CollateralSignatureInvalid, $"\"{name}\" is not signed by Intel.", "fetch it again; it must not be formatted anew on the way.");   // 4
        return Guarded(name, () =>
        {
            using var json = JsonDocument.Parse(signed, DocumentOptions);
            return read(json.RootElement);
        });
    }

    /// <summary>Cuts the signed object and the signature out of the document.</summary>
    public static (ReadOnlyMemory<byte> Signed, byte[] Signature) Split(ReadOnlyMemory<byte> document, string name)
    {
        var reader = new Utf8JsonReader(document.Span, ReaderOptions);
        ReadOnlyMemory<byte>? signed = null;
        byte[]? signature = null;
        Reject.Unless(reader.Read() && reader.TokenType == JsonTokenType.StartObject, RejectionCode.EncodingInvalid, $"The collateral \"{name}\" is not a JSON object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString();
            reader.Read();
            if (member == name && signed is null && reader.TokenType == JsonTokenType.StartObject)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                signed = document[start..(int)reader.BytesConsumed];
            }
            else if (member == "signature" && signature is null && reader.TokenType == JsonTokenType.String)
            {
                signature = Convert.FromHexString(reader.GetString()!);
            }
            else
            {
                throw new AttestationException(RejectionCode.MemberUnknown, $"The collateral \"{name}\" has a member beside its object and signature.");
            }
        }

        Reject.Unless(!reader.Read() && signed is not null && signature?.Length == SignatureLength, RejectionCode.MemberMissing, $"The collateral \"{name}\" lacks its object or signature.");
        return (signed.Value, signature);
    }

    /// <summary>Makes whatever a reader finds wrong with the JSON one refusal.</summary>
    public static TResult Guarded<TResult>(string name, Func<TResult> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, $"The collateral \"{name}\" is not what Intel publishes under this name.", innerException: exception);
        }
    }

    // The remembered signatures are in the form of X.509.
    private static byte[] ToDer(ReadOnlySpan<byte> signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Trim(signature[..(SignatureLength / 2)]));
            writer.WriteIntegerUnsigned(Trim(signature[(SignatureLength / 2)..]));
        }

        return writer.Encode();
    }

    // WriteIntegerUnsigned wants the shortest form, and zero as one byte.
    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> number) => number.TrimStart((byte)0) is { IsEmpty: false } digits ? digits : number[^1..];
}
