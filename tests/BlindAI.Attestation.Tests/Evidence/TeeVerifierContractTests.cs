using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>What every verifier of the registry must do, whatever its TEE. A new TEE is a new row.</summary>
public sealed class TeeVerifierContractTests
{
    public static TheoryData<string> Verifiers => [.. TeeVerifiers.All.Select(verifier => verifier.Tee.Name)];

    [Theory]
    [MemberData(nameof(Verifiers))]
    public void Verify_NoBytes_IsRefusedAsMalformed(string tee)
    {
        var verifier = TeeVerifiers.For(TeeKind.FindByName(tee)!);

        var refusal = Assert.Throws<AttestationException>(() => verifier.Verify(new(verifier.Tee.EvidenceType, ReadOnlyMemory<byte>.Empty), EvidenceChallenge.ForClaims(ReportData.ForClaims([]), null), ForgedEnclave.Now));

        Assert.InRange((int)refusal.Code, 100, 199);
    }

    [Theory]
    [MemberData(nameof(Verifiers))]
    public void Verify_RandomBytes_NeverThrowsAnythingElse(string tee)
    {
        var verifier = TeeVerifiers.For(TeeKind.FindByName(tee)!);
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var bytes = new byte[random.Next(4096)];
            random.NextBytes(bytes);

            Assert.Throws<AttestationException>(() => verifier.Verify(new(verifier.Tee.EvidenceType, bytes), EvidenceChallenge.ForClaims(ReportData.ForClaims([]), null), ForgedEnclave.Now));
        }
    }

    [Fact]
    public void For_TeeWithoutVerifier_AnswersUnsupported()
    {
        foreach (var tee in TeeKind.All.Except(TeeVerifiers.All.Select(verifier => verifier.Tee)))
        {
            Rejections.AssertCode(RejectionCode.TeeUnsupported, () => TeeVerifiers.For(tee));
        }
    }
}
