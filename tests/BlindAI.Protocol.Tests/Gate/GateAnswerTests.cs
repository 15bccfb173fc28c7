using BlindAI.Attestation;
using BlindAI.Protocol.Gate;

namespace BlindAI.Protocol.Tests.Gate;

public sealed class GateAnswerTests
{
    [Fact]
    public void Grant_Golden_IsTheseBytes() => Assert.Equal("00424c4e4441490200000003616263", Convert.ToHexStringLower(GateAnswer.Grant("abc"u8)));

    [Fact]
    public void Refuse_Golden_IsTheseBytes() => Assert.Equal("00424c4e44414903000000027b7d", Convert.ToHexStringLower(GateAnswer.Refuse("{}"u8)));

    [Theory]
    [InlineData("00424c4e4441490200000040", 64, false, 64)]
    [InlineData("00424c4e4441490200000000", 64, false, 0)]
    [InlineData("00424c4e4441490300001000", 64, true, 4096)]
    public void Parse_Head_SaysWhatFollows(string head, int wanted, bool isRefusal, int length) =>
        Assert.Equal(new GateAnswer { IsRefusal = isRefusal, Length = length }, GateAnswer.Parse(Convert.FromHexString(head), wanted));

    [Theory]
    [InlineData("00424c4e4441490200000041", RejectionCode.TooLarge)]
    [InlineData("00424c4e44414902ffffffff", RejectionCode.TooLarge)]
    [InlineData("00424c4e4441490300001001", RejectionCode.TooLarge)]
    [InlineData("00424c4e4441490100000040", RejectionCode.GateUnsupported)]
    [InlineData("00424c4e4441490400000040", RejectionCode.GateUnsupported)]
    [InlineData("01424c4e4441490200000040", RejectionCode.GateUnsupported)]
    [InlineData("485454502f312e3120343030", RejectionCode.GateUnsupported)]
    public void Parse_AnythingElse_IsRefused(string head, RejectionCode code) =>
        Assert.Equal(code, Assert.Throws<AttestationException>(() => GateAnswer.Parse(Convert.FromHexString(head), 64)).Code);
}
