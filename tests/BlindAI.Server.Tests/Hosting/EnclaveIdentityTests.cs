using BlindAI.Attestation;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Tests.Hosting;

public sealed class EnclaveIdentityTests
{
    private static readonly Sha256Digest Configuration = Sha256Digest.Of("configuration"u8);

    public static TheoryData<string> Quoted => ["sgx", "tdx"];

    [Theory]
    [MemberData(nameof(Quoted))]
    public async Task CreateAsync_SgxOrTdx_PutsAQuoteOfTheTlsKeyIntoTheCertificate(string tee)
    {
        var attester = new FakeAttester(TeeKind.FindByName(tee)!);
        using var identity = await EnclaveIdentity.CreateAsync("example.com", attester, Configuration, TimeProvider.System);

        var evidence = RaTlsEvidence.FromCertificate(identity.Certificate)!;
        Assert.Equal(Sha256Digest.Of(identity.Certificate.PublicKey.ExportSubjectPublicKeyInfo()), evidence.KeyHash);
        Assert.Equal(ReportData.ForRaTls(evidence.ClaimsBuffer.Span).Bytes, evidence.Quote.Span);
        Assert.False(identity.Certificate.Extensions[RaTlsEvidence.ExtensionOid]!.Critical);
        Assert.Single(attester.Signed);
    }

    [Theory]
    [InlineData("snp")]
    [InlineData("nitro")]
    [InlineData("azure")]
    public async Task CreateAsync_OtherHardware_SignsNothing(string tee)
    {
        var attester = new FakeAttester(TeeKind.FindByName(tee)!);
        using var identity = await EnclaveIdentity.CreateAsync("example.com", attester, Configuration, TimeProvider.System);

        Assert.Null(RaTlsEvidence.FromCertificate(identity.Certificate));
        Assert.Empty(attester.Signed);
        Assert.True(identity.Certificate.MatchesHostname("example.com"));
        Assert.False(identity.Certificate.MatchesHostname("localhost"));
    }

    [Fact]
    public async Task CreateAsync_Simulation_AnswersToLocalhost()
    {
        using var attester = new SimulationAttester();
        using var identity = await EnclaveIdentity.CreateAsync("example.com", attester, Configuration, TimeProvider.System);

        Assert.Null(RaTlsEvidence.FromCertificate(identity.Certificate));
        Assert.True(identity.Certificate.MatchesHostname("localhost"));
    }

    // Its quote is the report data themselves.
    private sealed class FakeAttester(TeeKind tee) : IAttester
    {
        public List<ReportData> Signed { get; } = [];

        public TeeKind Tee => tee;

        public ValueTask<TeeEvidence> AttestAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
        {
            Signed.Add(reportData);
            return new(new TeeEvidence(tee.EvidenceType, reportData.Bytes.ToArray()));
        }
    }
}
