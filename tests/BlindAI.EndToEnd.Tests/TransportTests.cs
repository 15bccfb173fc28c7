using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What comes in below HTTP, or is no HTTP.</summary>
public sealed class TransportTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    [Fact]
    public async Task AttestedPort_PlainHttp_IsClosedWithoutAnAnswer()
    {
        using var connection = await RawConnection.OpenPlainAsync(Server.Server.Url);
        await connection.SendAsync($"GET /v2/models HTTP/1.1\r\nHost: localhost\r\nX: {Secret}\r\n\r\n");

        Assert.DoesNotContain("HTTP", Encoding.Latin1.GetString(await connection.ReadToCloseAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AttestedPort_GarbageInsteadOfTls_IsClosed()
    {
        for (var round = 0; round < 20; round++)
        {
            using var connection = await RawConnection.OpenPlainAsync(Server.Server.Url);
            await connection.SendAsync((byte[])[0x16, 0x03, 0x01, 0x00, 0x40, .. RandomNumberGenerator.GetBytes(64)]);

            Assert.DoesNotContain("HTTP", Encoding.Latin1.GetString(await connection.ReadToCloseAsync()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AttestedPort_Tls12_IsRefused()
    {
#pragma warning disable CA5397, CA5398, CA5386, SYSLIB0039 // The old version is what the server must refuse.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var connection = await RawConnection.OpenAsync(Server.Server.Url, SslProtocols.Tls12);
        });
        using var newest = await RawConnection.OpenAsync(Server.Server.Url, SslProtocols.Tls13);
#pragma warning restore CA5397, CA5398, CA5386, SYSLIB0039
    }

    [Theory]
    [InlineData("\0\x01\x02\x03\r\n\r\n")]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET /v2 HTTP/9.9\r\n\r\n")]
    [InlineData("GET /v2 HTTP/1.1\r\nBroken\r\n\r\n")]
    [InlineData("GET /v2 HTTP/1.1\r\n\r\n")]
    [InlineData("POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")]
    [InlineData("POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n")]
    public async Task AttestedPort_BrokenHttp_IsRefusedAndClosed(string request)
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync(request);

        var status = (await connection.ReadAnswerAsync())?.Status;
        Assert.True(status is null or 400 or 411 or 501 or 505, $"{status}");
        await connection.ReadToCloseAsync();
    }

    [Fact]
    public async Task AttestedPort_LengthAndChunksTogether_IsNeverTwoRequests()
    {
        // Whichever of the two a proxy in front believes, what follows must not be taken for a request of somebody else.
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync("POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal(400, (await connection.ReadAnswerAsync())!.Status);
        Assert.DoesNotContain("HTTP/1.1 200", Encoding.Latin1.GetString(await connection.ReadToCloseAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AttestedPort_HeadersOverTheLimit_AreRefused()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync($"GET /v2 HTTP/1.1\r\nHost: localhost\r\nX-Large: {new string('a', 64 * 1024)}\r\n\r\n");

        Assert.Equal(431, (await connection.ReadAnswerAsync())?.Status ?? 431);
    }

    [Theory]
    [InlineData("/v2")]
    [InlineData("/v2/models")]
    [InlineData("/v2/models/good/infer")]
    [InlineData("/.well-known/blindai/attestation")]
    public async Task OperationsPort_AnythingButHealthAndMetrics_IsRefused(string path)
    {
        using var connection = await RawConnection.OpenPlainAsync(Server.Server.OperationsUrl);
        await connection.SendAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");

        (await connection.ReadAnswerAsync())!.AssertRefusal(404, Protocol.ServingCode.RouteNotFound, hasHint: true);
    }
}
