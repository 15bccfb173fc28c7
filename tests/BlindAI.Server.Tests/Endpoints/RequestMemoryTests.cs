using System.Net;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Inference;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Telemetry;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Server.Tests.Endpoints;

public sealed class RequestMemoryTests
{
    private const int Mebibyte = 1 << 20;

    private readonly RequestMemory _memory = new(new ServerMetrics(), new TrustConfiguration { MaxInFlightBytes = 20 * Mebibyte, MaxResponseBytes = Mebibyte, Protocol = new ProtocolLimits { MaxRequestBytes = Mebibyte } });

    [Fact]
    public void Grow_OneCallerBeyondHalf_IsRefusedAndAnotherIsServed()
    {
        using var first = Reserve("192.0.2.1");
        using var second = Reserve("192.0.2.1");
        first.Grow(8 * Mebibyte);

        Assert.Equal(ServingCode.Overloaded, Assert.Throws<ServingException>(() => second.Grow(3 * Mebibyte)).Code);
        using var other = Reserve("192.0.2.2");
        other.Grow(10 * Mebibyte);

        // What was refused holds nothing.
        second.Grow(2 * Mebibyte);
        Assert.Equal(ServingCode.Overloaded, Assert.Throws<ServingException>(() => Reserve("192.0.2.3").Grow(1)).Code);
    }

    [Fact]
    public void Dispose_OfAShare_GivesTheCallerItsRoomBack()
    {
        for (var round = 0; round < 100; round++)
        {
            using var memory = Reserve("192.0.2.1");
            memory.Grow(9 * Mebibyte);
            memory.Shrink(Mebibyte);
        }
    }

    [Fact]
    public void Grow_AddressesOfOneNetwork_AreOneCaller()
    {
        using var first = Reserve("2001:db8::1");
        first.Grow(10 * Mebibyte);

        Assert.Throws<ServingException>(() => Reserve("2001:db8::2").Grow(1));
        using var other = Reserve("2001:db8:0:1::1");
        other.Grow(1);
    }

    private MemoryReservation Reserve(string address)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        return _memory.Reserve(context);
    }
}
