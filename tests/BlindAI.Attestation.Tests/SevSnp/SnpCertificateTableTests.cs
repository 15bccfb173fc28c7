using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.SevSnp;

public sealed class SnpCertificateTableTests
{
    private const string Vcek = "63da758d-e664-4564-adc5-f4b93be8accd";
    private const string Vlek = "a8074bc2-a25a-483e-aae6-39c045a0b8a1";
    private const string Ask = "4ab7b379-bbac-4fe4-a02f-05aef327c782";
    private const string Ark = "c0b406a4-a803-4952-9743-3fb6014cd0ae";
    private const string Crl = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea";

    private readonly ForgedSnp _forged = new() { HasCrl = true };

    [Fact]
    public void Verify_CertificatesInTheTable_AreFound()
    {
        var verified = Verify(_forged, _forged.CertificateTable([(Vlek, [1]), .. All()]));

        Assert.True(verified.CrlChecked);
    }

    [Fact]
    public void Verify_VlekInTheTable_IsFound()
    {
        var forged = new ForgedSnp(signingKey: SnpSigningKey.VLEK);

        Verify(forged, forged.CertificateTable((Vcek, [1]), (Vlek, forged.IssueLeaf()), (Ask, forged.IssueAsk()), (Ark, forged.IssueArk())));
    }

    [Fact]
    public void Verify_CertificateUnderItsName_ComesBeforeTheTable()
    {
        var wrong = new ForgedSnp { SignLeafWithOtherKey = true }.IssueLeaf();
        var table = _forged.CertificateTable([.. All()[1..], (Vcek, wrong)]);

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => Verify(_forged, table));
        Verify(_forged, table, (EndorsementName.Leaf, _forged.IssueLeaf()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Verify_EntryThatIsNoCertificate_IsMissing(int index)
    {
        var entries = All();
        entries[index].Value = [1, 2, 3];

        Rejections.AssertCode(RejectionCode.CollateralMissing, () => Verify(_forged, _forged.CertificateTable(entries)));
    }

    [Fact]
    public void Verify_EntryOutsideTheTable_IsMissing()
    {
        var table = _forged.CertificateTable(All());
        BitConverter.TryWriteBytes(table.AsSpan(16), uint.MaxValue);

        Rejections.AssertCode(RejectionCode.CollateralMissing, () => Verify(_forged, table));
    }

    [Fact]
    public void Parse_TableWithoutEnd_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.Truncated, () => SnpCertificateTable.Parse(Array.Empty<byte>()));
        Rejections.AssertCode(RejectionCode.Truncated, () => SnpCertificateTable.Parse(ForgedSnp.Bytes(24, 1)));
    }

    [Fact]
    public void Parse_EntryTwice_IsRefused() => Rejections.AssertCode(RejectionCode.MemberDuplicate, () => SnpCertificateTable.Parse(_forged.CertificateTable((Ask, [1]), (Ask, [2]))));

    [Fact]
    public void Parse_TooManyEntriesOrBytes_IsRefused()
    {
        var entries = Enumerable.Range(1, 33).Select(number => (new Guid(number, 0, 0, new byte[8]).ToString(), new byte[1])).ToArray();

        SnpCertificateTable.Parse(_forged.CertificateTable(entries[1..]));
        Rejections.AssertCode(RejectionCode.TooLarge, () => SnpCertificateTable.Parse(_forged.CertificateTable(entries)));
        Rejections.AssertCode(RejectionCode.TooLarge, () => SnpCertificateTable.Parse(new byte[SnpCertificateTable.MaxLength + 1]));
    }

    private (string Guid, byte[] Value)[] All() => [(Vcek, _forged.IssueLeaf()), (Ask, _forged.IssueAsk()), (Ark, _forged.IssueArk()), (Crl, _forged.IssueCrl())];

    private static VerifiedSnp Verify(ForgedSnp forged, byte[] table, params (string Name, byte[] Value)[] named)
    {
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [EndorsementName.CertTable] = [table] };
        foreach (var (name, value) in named)
        {
            endorsements[name] = [value];
        }

        var evidence = forged.Prove();
        return (VerifiedSnp)ForgedSnp.Verifier.Verify(new(evidence.Type, evidence.Data, endorsements), EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now);
    }
}
