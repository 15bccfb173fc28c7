using BlindAI.Attestation.Collateral;

namespace BlindAI.Attestation.Tests.Collateral;

/// <summary>A folder is evidence that a stranger handed over: nothing in it is believed, and nothing outside it is read.</summary>
public sealed class CapturedEvidenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, $"captured-{Guid.NewGuid():n}")).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ReadFolder_Complete_ReadsEvidenceCollateralTimeAndNonce()
    {
        Write("report.bin", [1, 2]);
        Write("leaf.der", [3]);
        Write("root.pem", [4]);

        var captured = Read("""
            { "tee": "snp", "verify_at": "2026-03-07T02:05:07Z", "expect": { "expected_nonce": "00ff" },
              "files": { "report": { "name": "report.bin" }, "leaf": { "name": "leaf.der" }, "root": { "name": "root.pem" } } }
            """);

        Assert.Equal(TeeKind.SevSnp, captured.Tee);
        Assert.Equal([1, 2], captured.Evidence.Data.ToArray());
        Assert.Equal(["leaf"], captured.Evidence.Endorsements.Keys);
        Assert.Equal(new DateTimeOffset(2026, 3, 7, 2, 5, 7, TimeSpan.Zero), captured.At);
        Assert.True(captured.Challenge.IsExpected);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    public void ReadFolder_NoNonce_ExpectsNothing(string nonce)
    {
        var expect = nonce.Length == 0 ? "{}" : $"{{ \"expected_nonce\": {nonce} }}";

        Assert.False(Read($$"""{ "tee": "snp", "files": {}, "expect": {{expect}} }""").Challenge.IsExpected);
    }

    [Theory]
    [InlineData("""{ "tee": "snp", "files": {}, "expect": { "expected_nonce": "" } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "snp", "files": {}, "expect": { "expected_nonce": "xy" } }""", RejectionCode.EncodingInvalid)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": "leaf.der" }, "leaf": { "name": "leaf.der" } } }""", RejectionCode.MemberDuplicate)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": "../leaf.der" } } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": "/etc/hostname" } } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": ".." } } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": "" } } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "snp", "files": { "leaf": { "name": "a\u0000b" } } }""", RejectionCode.ValueInvalid)]
    [InlineData("""{ "tee": "abacus", "files": {} }""", RejectionCode.TeeUnsupported)]
    [InlineData("""{ "tee": "snp" }""", RejectionCode.EncodingInvalid)]
    [InlineData("""{ "tee": "snp", "files": [] }""", RejectionCode.EncodingInvalid)]
    [InlineData("""{ "tee": "snp", "files": {}, "verify_at": "yesterday" }""", RejectionCode.EncodingInvalid)]
    [InlineData("[]", RejectionCode.EncodingInvalid)]
    [InlineData("{", RejectionCode.EncodingInvalid)]
    public void ReadFolder_HostileDescription_IsRefused(string description, RejectionCode expected)
    {
        Write("leaf.der", [3]);

        Rejections.AssertCode(expected, () => Read(description));
    }

    [Fact]
    public void ReadFolder_LinkToAnotherPlace_IsNotFollowed()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "leaf.der"), Path.Combine(AppContext.BaseDirectory, "BlindAI.Attestation.dll"));

        Rejections.AssertCode(RejectionCode.ValueInvalid, () => Read("""{ "tee": "snp", "files": { "leaf": { "name": "leaf.der" } } }"""));
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => CapturedEvidence.ReadCollateral(_folder));
    }

    [Fact]
    public void ReadFolder_FileOverTheLimit_IsRefused()
    {
        Write("leaf.der", new byte[CapturedEvidence.MaxFileLength + 1]);

        Rejections.AssertCode(RejectionCode.TooLarge, () => Read("""{ "tee": "snp", "files": { "leaf": { "name": "leaf.der" } } }"""));
    }

    [Fact]
    public void ReadCollateral_FolderOfFiles_TakesThoseWithAName()
    {
        Write("tcb_info.json", [1]);
        Write("notes.txt", [2]);

        Assert.Equal(["tcb_info"], CapturedEvidence.ReadCollateral(_folder).Keys);
        Write("tcb_info.bak", [3]);
        Rejections.AssertCode(RejectionCode.MemberDuplicate, () => CapturedEvidence.ReadCollateral(_folder));
    }

    private void Write(string name, byte[] content) => File.WriteAllBytes(Path.Combine(_folder, name), content);

    private CapturedEvidence Read(string description)
    {
        File.WriteAllText(Path.Combine(_folder, CapturedEvidence.CaseFile), description);
        return CapturedEvidence.ReadFolder(_folder);
    }
}
