using System.Net;
using System.Net.Sockets;

namespace BlindAI.Server.Endpoints;

/// <summary>Who asks, for fair sharing, as long as there are no credentials.</summary>
internal static class Callers
{
    // What one subscriber is given at the least (RFC 6177): whoever has it has 2^64 addresses.
    private const int PrefixLength = 8;

    /// <summary>The caller behind an address: itself, or for IPv6 its network of 64 bits.</summary>
    public static IPAddress? Of(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out _);
        bytes[PrefixLength..].Clear();
        return new(bytes);
    }
}
