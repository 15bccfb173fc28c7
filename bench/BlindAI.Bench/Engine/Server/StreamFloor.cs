using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlindAI.Bench.Engine.Server;

/// <summary>The floor of transport: a loop over an <see cref="SslStream"/> that reads each body straight into one buffer, and knows no more HTTP than a length.</summary>
internal static class StreamFloor
{
    /// <summary>The argument that makes this program the floor.</summary>
    public const string Argument = "--stream-floor";

    private const int MaxBytes = 16 << 20;

    private const int MaxHead = 16 * 1024;

    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\0\0\0\0\0\0\0\0"u8.ToArray();

    public static async Task<int> RunAsync()
    {
        using var certificate = MakeCertificate();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = AcceptAsync(listener, certificate);
        await ChildProcess.ServeAsync(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        return 0;
    }

    /// <summary>A certificate of the kind that our server has: ECDSA P-256, self-signed.</summary>
    public static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }

    private static async Task AcceptAsync(TcpListener listener, X509Certificate2 certificate)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            client.NoDelay = true;
            _ = Task.Run(() => ServeAsync(client, certificate));
        }
    }

    private static async Task ServeAsync(TcpClient client, X509Certificate2 certificate)
    {
        using (client)
        {
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 });
            var head = new byte[MaxHead];
            var body = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
            try
            {
                while (await ReadRequestAsync(stream, head, body))
                {
                    await stream.WriteAsync(Answer);
                }
            }
            catch (IOException)
            {
                // The client went away, as clients of a benchmark do.
            }
        }
    }

    // False: the connection ended between two requests.
    private static async Task<bool> ReadRequestAsync(SslStream stream, byte[] head, byte[] body)
    {
        var received = 0;
        int end;
        while ((end = head.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var count = await stream.ReadAsync(head.AsMemory(received));
            if (count == 0)
            {
                return received == 0 ? false : throw new IOException("The connection ended in a request's head.");
            }

            received += count;
        }

        var length = ReadLength(head.AsSpan(0, end));
        var rest = head.AsSpan(end + 4, received - end - 4);
        rest.CopyTo(body);
        await stream.ReadExactlyAsync(body.AsMemory(rest.Length, length - rest.Length));
        return true;
    }

    private static int ReadLength(ReadOnlySpan<byte> head)
    {
        // Another header ends in the same words.
        var name = "\r\nContent-Length: "u8;
        var start = head.IndexOf(name) + name.Length;
        var line = head[start..];
        var end = line.IndexOf((byte)'\r');
        return int.Parse(end < 0 ? line : line[..end], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
