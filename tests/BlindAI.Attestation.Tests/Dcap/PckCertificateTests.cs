using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>Intel's extension of the PCK certificate, wrong in one thing, and under Intel's signature all the same.</summary>
public sealed class PckCertificateTests : IDisposable
{
    private readonly ForgedIntel _intel = new();

    public void Dispose() => _intel.Dispose();

    [Theory]
    [InlineData("1.2.840.113741.1.14.1.9")]   // of another arc
    [InlineData(PckCertificate.Extension + ".9.1")]
    [InlineData(PckCertificate.Extension + ".99999999999")]
    public void Verify_MemberThatIsNotIntels_IsRefused(string oid)
    {
        _intel.MorePckMembers.Add(oid);

        AssertRefused(RejectionCode.MemberUnknown);
    }

    [Fact]
    public void Verify_MemberTwice_IsRefused()
    {
        _intel.MorePckMembers.Add(PckCertificate.Extension + ".4");

        AssertRefused(RejectionCode.MemberDuplicate);
    }

    [Fact]
    public void Verify_FmspcOfAnotherLength_IsRefused()
    {
        _intel.Fmspc = new byte[5];

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65_536)]
    public void Verify_PceSvnOutOfRange_IsRefused(int svn)
    {
        _intel.PceSvn = svn;

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Fact]
    public void Verify_BytesAfterTheExtension_IsRefused()
    {
        _intel.ChangePckExtension = bytes => [.. bytes, 5, 0];

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    [Fact]
    public void Verify_LeafThatIsAnAuthority_IsRefused()
    {
        _intel.PckIsCa = true;

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    private void AssertRefused(RejectionCode expected) => Rejections.AssertCode(expected,
        () => TeeVerifiers.DangerouslyTrusting(_intel.Tee, _intel.Root).Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
}
