using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tdx;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>What the form of a quote forbids, one thing at a time. A quote is signed in part only: what is not signed rests on these refusals alone.</summary>
public sealed class DcapQuoteTests : IDisposable
{
    // A quote of version 3 has 48 bytes of header and 384 of body, then the signature data; one of version 4 with a TD report has 584 of body.
    private const int SignatureDataLengthOf3 = 432;
    private const int AuthenticationDataLengthOf3 = 1012;
    private const int QeReportTypeOf4 = 764;

    private readonly ForgedIntel _intel = new();

    public void Dispose() => _intel.Dispose();

    [Theory]
    [InlineData(5, 3, 0, 6, RejectionCode.VersionUnsupported)]
    [InlineData(3, 1, 0, 2, RejectionCode.VersionUnsupported)]
    [InlineData(5, 3, 2, 3, RejectionCode.AlgorithmUnsupported)]
    [InlineData(5, 3, 4, 0x82, RejectionCode.ValueInvalid)]
    [InlineData(3, 1, 4, 0x81, RejectionCode.ValueInvalid)]   // TDX begins with version 4
    [InlineData(5, 1, 4, 0x81, RejectionCode.ValueInvalid)]   // the body is of SGX
    [InlineData(5, 3, 48, 9, RejectionCode.VersionUnsupported)]
    [InlineData(5, 3, 50, 0x89, RejectionCode.ValueInvalid)]   // the length of the body
    [InlineData(4, 2, QeReportTypeOf4, 5, RejectionCode.ValueInvalid)]
    [InlineData(4, 2, QeReportTypeOf4 + 2, 0xFF, RejectionCode.ValueInvalid)]
    public void Parse_FieldOutsideTheFormat_IsRefused(ushort version, int bodyType, int at, byte value, RejectionCode expected)
    {
        (_intel.Tee, _intel.Version, _intel.BodyType) = (bodyType == 1 ? TeeKind.Sgx : TeeKind.Tdx, version, bodyType);
        var quote = _intel.Quote();
        DcapQuote.Parse(quote);
        quote[at] = value;

        Rejections.AssertCode(expected, () => DcapQuote.Parse(quote));
    }

    [Fact]
    public void Parse_BytesAfterTheCertificationData_IsRefused()
    {
        byte[] quote = [.. _intel.AsSgx().Quote(), 0];
        BitConverter.TryWriteBytes(quote.AsSpan(SignatureDataLengthOf3), BitConverter.ToInt32(quote, SignatureDataLengthOf3) + 1);

        Rejections.AssertCode(RejectionCode.TrailingBytes, () => DcapQuote.Parse(quote));
    }

    [Theory]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public void Parse_AuthenticationDataOverTheLimit_IsRefused(int length, bool holds)
    {
        var quote = _intel.AsSgx().Quote();
        var end = AuthenticationDataLengthOf3 + 2 + BitConverter.ToUInt16(quote, AuthenticationDataLengthOf3);
        byte[] longer = [.. quote[..AuthenticationDataLengthOf3], .. BitConverter.GetBytes((ushort)length), .. new byte[length], .. quote[end..]];
        BitConverter.TryWriteBytes(longer.AsSpan(SignatureDataLengthOf3), longer.Length - SignatureDataLengthOf3 - 4);
        if (holds)
        {
            Assert.Equal(length, DcapQuote.Parse(longer).QeAuthenticationData.Length);
        }
        else
        {
            Rejections.AssertCode(RejectionCode.TooLarge, () => DcapQuote.Parse(longer));
        }
    }

    [Fact]
    public void Parse_QuoteOverTheLimit_IsRefused() => Rejections.AssertCode(RejectionCode.TooLarge, () => DcapQuote.Parse(new byte[DcapQuote.MaxLength + 1]));

    [Fact]
    public void Parse_BodyOfAnotherLength_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.TrailingBytes, () => SgxReportBody.Parse(new byte[SgxReportBody.Length + 1]));
        Rejections.AssertCode(RejectionCode.Truncated, () => SgxReportBody.Parse(new byte[SgxReportBody.Length - 1]));
        Rejections.AssertCode(RejectionCode.TrailingBytes, () => TdReportBody.Parse(new byte[TdReportBody.Length15 + 1]));
        Rejections.AssertCode(RejectionCode.Truncated, () => TdReportBody.Parse(new byte[TdReportBody.Length15 - 1]));
    }
}
