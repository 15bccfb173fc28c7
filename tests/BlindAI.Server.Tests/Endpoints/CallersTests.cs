using System.Net;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Tests.Endpoints;

public sealed class CallersTests
{
    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("fe80::1%2", "fe80::2%3", true)]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    public void Of_TwoAddresses_AreOneCallerWithinANetwork(string one, string other, bool isSame) =>
        Assert.Equal(isSame, Equals(Callers.Of(IPAddress.Parse(one)), Callers.Of(IPAddress.Parse(other))));

    [Fact]
    public void Of_NoAddress_IsNobody() => Assert.Null(Callers.Of(null));
}
