using System.Text;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

public sealed class EvidenceObjectTests : IDisposable
{
    private const string Minimal = """{"v":1,"claims":"AA","evidence":[{"type":"sim","data":"AA"}]}""";

    private readonly ForgedEnclave _enclave = new();

    [Fact]
    public void Parse_Json_UndoesEncode() => AssertSame(Full(), EvidenceObjectJson.Parse(EvidenceObjectJson.Encode(Full())));

    [Fact]
    public void Parse_Cbor_UndoesEncode() => AssertSame(Full(), EvidenceObjectCbor.Parse(EvidenceObjectCbor.Encode(Full())));

    [Theory]
    [InlineData("", RejectionCode.EncodingInvalid)]
    [InlineData("[]", RejectionCode.EncodingInvalid)]
    [InlineData("{}", RejectionCode.MemberMissing)]
    [InlineData("""{"v":1}""", RejectionCode.MemberMissing)]
    [InlineData("""{"v":2,"claims":"AA","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.VersionUnsupported)]
    [InlineData("""{"v":"1","claims":"AA","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.MemberMissing)]
    [InlineData("""{"v":1,"claims":"AA","evidence":[]}""", RejectionCode.MemberMissing)]
    [InlineData("""{"v":1,"v":1,"claims":"AA","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.MemberDuplicate)]
    [InlineData("""{"v":1,"claims":"AA","evidence":[{"type":"sim","data":"AA"}],"surprise":1}""", RejectionCode.MemberUnknown)]
    [InlineData("""{"v":1,"claims":"AA==","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.EncodingInvalid)]
    [InlineData("""{"v":1,"claims":"AB","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.EncodingInvalid)]
    [InlineData("""{"v":1,"claims":"A+","evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.EncodingInvalid)]
    [InlineData("""{"v":1,"claims":null,"evidence":[{"type":"sim","data":"AA"}]}""", RejectionCode.EncodingInvalid)]
    [InlineData("""{"v":1,"claims":"AA","evidence":[{"type":"","data":"AA"}]}""", RejectionCode.MemberMissing)]
    [InlineData("""{"v":1,"claims":"AA","evidence":[{"type":"sim"}]}""", RejectionCode.MemberMissing)]
    [InlineData("""{"v":1,"claims":"AA","evidence":[{"type":"sim","data":"AA","x":1}]}""", RejectionCode.MemberUnknown)]
    public void Parse_BadJson_IsRefused(string json, RejectionCode expected) =>
        Rejections.AssertCode(expected, () => EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Parse_BytesBehindTheJson_AreRefused() =>
        Assert.Throws<AttestationException>(() => EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes(Minimal + "{}")));

    [Fact]
    public void Parse_OversizedJson_IsRefused() =>
        Rejections.AssertCode(RejectionCode.TooLarge, () => EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes(Minimal.PadRight(EvidenceObject.MaxEncodedLength + 1))));

    [Fact]
    public void Parse_TooManyEntries_IsRefused()
    {
        var items = string.Join(',', Enumerable.Repeat("""{"type":"sim","data":"AA"}""", EvidenceObject.MaxEntries + 1));

        Rejections.AssertCode(RejectionCode.TooLarge, () => EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes($$"""{"v":1,"claims":"AA","evidence":[{{items}}]}""")));
    }

    [Fact]
    public void Parse_DeepNesting_IsRefused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 10_000));

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes($$"""{"v":1,"manifest":{{deep}}""")));
    }

    [Fact]
    public void Parse_AnyCutOrFlippedByte_GivesAnObjectOrARefusal()
    {
        byte[][] encodings = [EvidenceObjectJson.Encode(Full()), EvidenceObjectCbor.Encode(Full())];
        for (var form = 0; form < encodings.Length; form++)
        {
            var encoded = encodings[form];
            for (var index = 0; index < encoded.Length; index++)
            {
                var altered = encoded.ToArray();
                altered[index] ^= 0x20;
                foreach (var hostile in new[] { encoded[..index], altered })
                {
                    try
                    {
                        _ = form == 0 ? EvidenceObjectJson.Parse(hostile) : EvidenceObjectCbor.Parse(hostile);
                    }
                    catch (AttestationException)
                    {
                    }
                }
            }
        }
    }

    public void Dispose() => _enclave.Dispose();

    private EvidenceObject Full() => _enclave.Prove() with
    {
        Evidence = [new("sim", new byte[] { 1, 2 }, new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { ["chain"] = [new byte[] { 3 }, new byte[] { 4 }] })],
        TlsChain = [_enclave.Certificate.RawData],
        SealedRequestKeys = new byte[] { 5 },
    };

    private static void AssertSame(EvidenceObject expected, EvidenceObject actual)
    {
        Assert.Equal(expected.EncodedClaims.ToArray(), actual.EncodedClaims.ToArray());
        Assert.Equal(expected.ReceiptKey!.Value.ToArray(), actual.ReceiptKey!.Value.ToArray());
        Assert.Equal(expected.SealedRequestKeys!.Value.ToArray(), actual.SealedRequestKeys!.Value.ToArray());
        Assert.Equal(expected.TlsChain.Single().ToArray(), actual.TlsChain.Single().ToArray());
        var (one, other) = (expected.Evidence.Single(), actual.Evidence.Single());
        Assert.Equal(one.Type, other.Type);
        Assert.Equal(one.Data.ToArray(), other.Data.ToArray());
        Assert.Equal(one.Endorsements["chain"].Select(item => item.ToArray()), other.Endorsements["chain"].Select(item => item.ToArray()));
    }
}
