using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Testing;
using CsCheck;

namespace BlindAI.Attestation.Tests.Simulation;

public sealed class SimulationVerifierTests : IDisposable
{
    private static readonly EvidenceChallenge Challenge = EvidenceChallenge.ForClaims(ReportData.ForClaims("claims"u8), null);

    private readonly SimulationAttester _attester = new();

    private readonly SimulationVerifier _verifier = new();

    [Fact]
    public void Verify_GenuineReport_NamesTheSigningKey()
    {
        var verified = Assert.IsType<VerifiedSimulation>(Verify(Report()));

        Assert.Equal(_attester.Key, verified.Key);
        Assert.True(verified.IsFresh);
    }

    [Fact]
    public void Verify_OtherReportData_IsRefused() =>
        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => _verifier.Verify(ForgedEnclave.Sign("other"u8, _attester), Challenge, ForgedEnclave.Now));

    [Fact]
    public void Verify_AnyBitFlipped_IsRefused()
    {
        var report = Report();
        Gen.Int[0, (report.Length * 8) - 1].Sample(bit =>
        {
            var altered = report.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                // A flip in the signature may be the other valid form of none: ECDSA has two signatures per nonce, never one bit apart.
                Verify(altered);
                return false;
            }
            catch (AttestationException)
            {
                return true;
            }
        });
    }

    [Fact]
    public void Verify_TruncatedAtAnyByte_IsRefused()
    {
        var report = Report();
        for (var length = 0; length < report.Length; length++)
        {
            Assert.Throws<AttestationException>(() => Verify(report[..length]));
        }
    }

    [Fact]
    public void Verify_TrailingByte_IsRefused() => Rejections.AssertCode(RejectionCode.TrailingBytes, () => Verify([.. Report(), 0]));

    public void Dispose() => _attester.Dispose();

    private byte[] Report() => ForgedEnclave.Sign("claims"u8, _attester).Data.ToArray();

    private VerifiedEvidence Verify(byte[] report) => _verifier.Verify(new("sim", report), Challenge, ForgedEnclave.Now);
}
