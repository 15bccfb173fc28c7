using BlindAI.Protocol.Configuration;

namespace BlindAI.Protocol.Tests.Configuration;

public sealed class CanonicalJsonTests
{
    [Fact]
    public void Write_Members_AreSortedByCodeUnitsWithoutSpace() => Assert.Equal(
        """{"":1,"1":{"F":true,"f":{}},"10":0,"A":false,"a":"x","aa":-5}""",
        CanonicalJson.Write(new Dictionary<string, object>
        {
            // After the sorting example of RFC 8785 section 3.2.3, within ASCII.
            ["aa"] = -5,
            ["a"] = "x",
            ["10"] = 0,
            ["1"] = new Dictionary<string, object> { ["f"] = new Dictionary<string, object>(), ["F"] = true },
            ["A"] = false,
            [""] = 1,
        }));

    [Fact]
    public void Write_Text_EscapesQuoteAndBackslashOnly() =>
        Assert.Equal("""{"t":"</ \"\\' ~"}""", CanonicalJson.Write(new Dictionary<string, object> { ["t"] = "</ \"\\' ~" }));

    [Fact]
    public void Write_LargestExactIntegers_AreWritten() =>
        // RFC 8785 appendix B: 9007199254740992 is the largest that a double holds exactly together with all below it.
        Assert.Equal("""{"a":9007199254740992,"b":-9007199254740992}""", CanonicalJson.Write(new Dictionary<string, object> { ["a"] = 1L << 53, ["b"] = -(1L << 53) }));

    [Fact]
    public void Write_ValueOutsideTheSubset_IsMisuse()
    {
        foreach (object value in (object[])[(1L << 53) + 1, -(1L << 53) - 1, 1.5, 1f, "é", "a\nb", "\u007f", 'c', Array.Empty<int>()])
        {
            Assert.Throws<ArgumentException>(() => CanonicalJson.Write(new Dictionary<string, object> { ["x"] = value }));
        }

        Assert.Throws<ArgumentException>(() => CanonicalJson.Write(new Dictionary<string, object> { ["é"] = 1 }));
    }
}
