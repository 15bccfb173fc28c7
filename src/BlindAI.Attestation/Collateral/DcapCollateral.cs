using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Collateral;

/// <summary>What Intel publishes about the platform that made a quote.</summary>
/// <remarks>Source: Intel SGX and TDX PCS API, version 4; docs/attestation.md, clause 16.</remarks>
internal static class DcapCollateral
{
    /// <summary>Intel publishes anew within hours after a recovery, long before what it replaces ends.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>What to ask for; nothing when the quote does not carry its PCK chain, which the verifier then refuses.</summary>
    /// <exception cref="AttestationException">The quote does not parse.</exception>
    public static IReadOnlyList<CollateralRequest> PlanFor(ReadOnlyMemory<byte> quoteBytes, TeeEvidence evidence, CollateralOptions options)
    {
        var quote = DcapQuote.Parse(quoteBytes);
        var chain = quote.CertificationDataType == DcapQuote.PckChainType ? quote.CertificationData : evidence.FindEndorsement(EndorsementName.PckChain);
        if (chain is null)
        {
            return [];
        }

        // A leaf of another issuer is refused by the verifier; until then one of the two lists is as wrong as the other.
        var leaf = Pem.ReadCertificates(chain.Value)[0];
        var authority = leaf.IssuerCommonName == DcapVerifier.NameOf(PckCa.Processor) ? "processor" : "platform";

        var tee = quote.BodyKind == QuoteBodyKind.Sgx ? "sgx" : "tdx";
        var fmspc = Convert.ToHexStringLower(PckCertificate.Read(leaf).Fmspc.Span);
        return
        [
            Request($"/{tee}/certification/v4/tcb?fmspc={fmspc}", CollateralForm.SignedJson, [EndorsementName.TcbInfo, EndorsementName.TcbInfoIssuerChain], "TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"),
            Request($"/{tee}/certification/v4/qe/identity", CollateralForm.SignedJson, [EndorsementName.QeIdentity, EndorsementName.QeIdentityIssuerChain], "SGX-Enclave-Identity-Issuer-Chain"),
            Request($"/sgx/certification/v4/pckcrl?ca={authority}&encoding=der", CollateralForm.RevocationList, [EndorsementName.PckCrl, EndorsementName.PckCrlIssuerChain], "SGX-PCK-CRL-Issuer-Chain"),
            Request(options.IntelRootCrlUrl?.AbsoluteUri ?? "/sgx/certification/v4/rootcacrl", CollateralForm.RevocationList, [EndorsementName.RootCaCrl]),
        ];

        CollateralRequest Request(string path, CollateralForm form, string[] names, params string[] chainHeaders) => new()
        {
            Url = CollateralPlan.UrlOf(options.IntelUrl, path),
            Form = form,
            Names = names,
            ChainHeaders = chainHeaders,
            MaxAge = MaxAge,
        };
    }
}
