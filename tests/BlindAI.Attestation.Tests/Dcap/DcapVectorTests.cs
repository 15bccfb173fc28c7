using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>Real quotes of real platforms, each with the collateral of its day.</summary>
public sealed class DcapVectorTests
{
    [Theory]
    [InlineData("sgx", "automata-v3-2025-08", 0)]
    [InlineData("sgx", "blindai-legacy-proof", 0)]
    [InlineData("sgx", "openenclave-plugin-debug", RejectionCode.DebugNotAccepted)]
    [InlineData("sgx", "phala-sgx-2025", RejectionCode.TcbNotAccepted)]
    [InlineData("sgx", "signal-cdsi-2026", 0)]
    [InlineData("sgx", "signal-dcap-2023", 0)]
    [InlineData("sgx", "signal-dcap-v3-2022", 0)]
    [InlineData("tdx", "dstack-tdx-lite-2026", 0)]
    [InlineData("tdx", "google-cos-v4-2025", 0)]
    [InlineData("tdx", "google-cos-v4-2025-10", 0)]
    [InlineData("tdx", "google-v5-2026", 0)]
    [InlineData("tdx", "openenclave-v5-relaunch", RejectionCode.TcbNotAccepted)]
    [InlineData("tdx", "openenclave-v5-same-quote-older-baseline", 0)]
    [InlineData("tdx", "phala-v4-2025", 0)]
    [InlineData("tdx", "trustee-v4-debug", RejectionCode.DebugNotAccepted)]
    [InlineData("tdx", "trustee-v4-gnr-2026", RejectionCode.TcbNotAccepted)]
    public void Verify_GenuineQuote_ReportsItsClaims(string tee, string name, RejectionCode byDefault)
    {
        var captured = SharedVectors.Read(tee, name);
        var verifier = TeeVerifiers.For(captured.Tee);

        var verified = SharedVectors.Verify(verifier, captured);

        SharedVectors.AssertClaims(tee, name, verified.ToJson());
        Assert.Equal(captured.Challenge.IsExpected, verified.IsFresh);
        Assert.True(verified.ValidUntil > captured.At);
        SharedVectors.AssertDefault(verifier, verified, byDefault);
    }

    [Theory]
    [InlineData("sgx", "neg-attacker-attestation-key", RejectionCode.AttestationKeyUnbound)]
    [InlineData("sgx", "neg-before-issue", RejectionCode.CertificateNotInValidity)]
    [InlineData("sgx", "neg-certdata-type3-encrypted-ppid", RejectionCode.CertificationDataUnsupported)]
    [InlineData("sgx", "neg-collateral-expired", RejectionCode.CollateralExpired)]
    [InlineData("sgx", "neg-intel-sample-untrusted-root", RejectionCode.ChainUntrusted)]
    [InlineData("sgx", "neg-mrenclave-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("sgx", "neg-oe-report-bad", RejectionCode.ChainUntrusted)]
    [InlineData("sgx", "neg-pck-crl-of-other-ca", RejectionCode.CollateralMismatch)]
    [InlineData("sgx", "neg-qe-auth-data", RejectionCode.AttestationKeyUnbound)]
    [InlineData("sgx", "neg-qe-identity-wrong-tee", RejectionCode.CollateralMismatch)]
    [InlineData("sgx", "neg-qe-report-signature", RejectionCode.SignatureInvalid)]
    [InlineData("sgx", "neg-quote-truncated", RejectionCode.Truncated)]
    [InlineData("sgx", "neg-report-data-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("sgx", "neg-tcb-info-edited", RejectionCode.CollateralSignatureInvalid)]
    [InlineData("sgx", "neg-tcb-info-other-fmspc", RejectionCode.CollateralMismatch)]
    [InlineData("sgx", "intel-sample-test-root", RejectionCode.ChainUntrusted)]
    [InlineData("tdx", "neg-collateral-expired", RejectionCode.CollateralExpired)]
    [InlineData("tdx", "neg-google-spr-e4-tcb-not-supported", RejectionCode.TcbNotSupported)]
    [InlineData("tdx", "neg-header-version-downgrade", RejectionCode.TooLarge)]
    [InlineData("tdx", "neg-intel-sample-untrusted-root", RejectionCode.ChainUntrusted)]
    [InlineData("tdx", "neg-phala-v5-tcb-not-supported", RejectionCode.TcbNotSupported)]
    [InlineData("tdx", "neg-report-data-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("tdx", "neg-rtmr3-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("tdx", "neg-sgx-qe-identity", RejectionCode.CollateralMismatch)]
    [InlineData("tdx", "neg-sgx-tcb-info-same-fmspc", RejectionCode.CollateralMismatch)]
    [InlineData("tdx", "neg-tcb-info-other-fmspc", RejectionCode.CollateralMismatch)]
    [InlineData("tdx", "neg-tdattributes-debug-flip", RejectionCode.SignatureInvalid)]
    public void Verify_BadQuoteOrCollateral_IsRefusedForItsReason(string tee, string name, RejectionCode expected)
    {
        var captured = SharedVectors.Read(tee, name);

        Rejections.AssertCode(expected, () => SharedVectors.Verify(TeeVerifiers.For(captured.Tee), captured));
    }

    [Fact]
    public void Verify_IntelsSampleUnderItsTestRoot_HoldsOnlyWhereThatRootIsTrustedByName()
    {
        const string Case = "intel-sample-test-root";
        var captured = SharedVectors.Read("sgx", Case);
        var root = Pem.ReadCertificates(File.ReadAllBytes(Path.Combine(SharedVectors.Folder("sgx", Case), "root_ca.pem")))[0];

        var verified = SharedVectors.Verify(TeeVerifiers.DangerouslyTrusting(TeeKind.Sgx, Sha256Digest.Of(root.SubjectPublicKeyInfo.Span)), captured);

        SharedVectors.AssertClaims("sgx", Case, verified.ToJson());
    }
}
