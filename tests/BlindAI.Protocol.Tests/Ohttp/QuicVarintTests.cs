using BlindAI.Protocol.Ohttp;

namespace BlindAI.Protocol.Tests.Ohttp;

public sealed class QuicVarintTests
{
    // RFC 9000, appendix A.1, then the borders.
    [Theory]
    [InlineData("c2197c5eff14e88c", 151288809941952652)]
    [InlineData("9d7f3e7d", 494878333)]
    [InlineData("7bbd", 15293)]
    [InlineData("25", 37)]
    [InlineData("00", 0)]
    [InlineData("3f", 63)]
    [InlineData("4040", 64)]
    [InlineData("7fff", 16383)]
    [InlineData("80004000", 16384)]
    [InlineData("bfffffff", 1073741823)]
    [InlineData("c000000040000000", 1073741824)]
    [InlineData("ffffffffffffffff", 4611686018427387903)]
    public void Write_Value_IsTheShortestForm(string hex, long value)
    {
        var expected = Convert.FromHexString(hex);
        var bytes = new byte[8];
        Assert.Equal(expected, bytes[..QuicVarint.Write(bytes, (ulong)value)]);
        Assert.Equal(expected.Length, QuicVarint.LengthFrom(expected[0]));
        Assert.Equal((ulong)value, QuicVarint.Read(expected));
    }

    [Theory]
    [InlineData("4025")]
    [InlineData("80000025")]
    [InlineData("c000000000000025")]
    public void Read_LongerForm_IsAccepted(string hex) => Assert.Equal(37UL, QuicVarint.Read(Convert.FromHexString(hex)));

    [Fact]
    public void Write_MoreThan62Bits_IsAMistakeOfTheCaller() => Assert.Throws<ArgumentOutOfRangeException>(() => QuicVarint.Write(new byte[8], 1UL << 62));
}
