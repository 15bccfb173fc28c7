using System.Buffers.Binary;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using BlindAI.Attestation.Evidence;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A connection that says whatever a test wants, at the pace that it wants, to a server whose certificate it does not look at.</summary>
/// <remarks>Every wait ends after <see cref="Limit"/> at the latest: twice the server's longest timeout, and room for a busy machine.</remarks>
internal sealed class RawConnection : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp;

    private readonly Stream _stream;

    private readonly CancellationTokenSource _limit;

    private RawConnection(TcpClient tcp, Stream stream, CancellationTokenSource limit)
    {
        _tcp = tcp;
        _stream = stream;
        _limit = limit;
    }

    /// <summary>The binder of this end.</summary>
    public ChannelBinder Binder => ChannelBinder.Take(Tls)!;

    private SslStream Tls => (SslStream)_stream;

    /// <summary>Connects with TLS.</summary>
    /// <exception cref="AuthenticationException">The server refused the handshake.</exception>
    public static async Task<RawConnection> OpenAsync(Uri url, SslProtocols protocols = SslProtocols.None)
    {
        var raw = await OpenPlainAsync(url);
        var tls = new SslStream(raw._stream);
        try
        {
#pragma warning disable CA5359 // The tester attacks the server; it sends nothing that anybody could want.
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = protocols, RemoteCertificateValidationCallback = (_, _, _, _) => true }, raw._limit.Token);
#pragma warning restore CA5359
            return new(raw._tcp, tls, raw._limit);
        }
        catch
        {
            await tls.DisposeAsync();
            raw.Dispose();
            throw;
        }
    }

    /// <summary>Connects without TLS.</summary>
    public static async Task<RawConnection> OpenPlainAsync(Uri url)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(url.Host, url.Port, limit.Token);
        return new(tcp, tcp.GetStream(), limit);
    }

    /// <summary>Sends text; one character is one byte.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await _stream.WriteAsync(bytes, _limit.Token);
        await _stream.FlushAsync(_limit.Token);
    }

    /// <summary>Sends one chunk of a chunked body.</summary>
    public async Task SendChunkAsync(ReadOnlyMemory<byte> bytes)
    {
        await SendAsync($"{bytes.Length:x}\r\n");
        await SendAsync(bytes);
        await SendAsync("\r\n");
    }

    /// <summary>Sends the head of a request that waits for leave, and waits for it: from then on, the server has the request in hand.</summary>
    public async Task BeginAsync(string head)
    {
        await SendAsync($"{head}\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n");
        var answer = await ReadAnswerAsync();
        Assert.True(answer?.Status == 100, $"Status {answer?.Status}: {Encoding.UTF8.GetString(answer?.Body ?? [])}");
    }

    /// <summary>Reads an answer; null when the server closed the connection instead.</summary>
    public async Task<HttpAnswer?> ReadAnswerAsync()
    {
        try
        {
            if (await ReadLineAsync() is not { Length: > 0 } statusLine)
            {
                return null;
            }

            var status = int.Parse(statusLine.Split(' ')[1], CultureInfo.InvariantCulture);
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await ReadLineAsync() is { Length: > 0 } header)
            {
                headers[header[..header.IndexOf(':', StringComparison.Ordinal)]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            }

            return new(status, headers, status == 100 ? [] : await ReadBodyAsync(headers));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads what answers a preface; null when the server closed the connection instead.</summary>
    public async Task<GateReply?> ReadReplyAsync()
    {
        try
        {
            var head = await ReadExactlyAsync(GateReply.HeadLength);
            var length = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(Preface.Magic.Length));
            Assert.InRange(length, 0u, (uint)EvidenceObject.MaxEncodedLength);
            return new(head[..Preface.Magic.Length], await ReadExactlyAsync((int)length));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What a client saw of this connection: with the binder of this end, or as one that has none.</summary>
    public TlsObservation See(Nonce nonce, bool withBinder) => new()
    {
        Nonce = nonce,
        Host = "localhost",
        TlsCertificate = Tls.RemoteCertificate!.GetRawCertData(),
        Binder = withBinder ? Binder : null,
    };

    /// <summary>Waits until the server closes the connection, and returns what it still said.</summary>
    public async Task<byte[]> ReadToCloseAsync()
    {
        var rest = new MemoryStream();
        try
        {
            await _stream.CopyToAsync(rest, _limit.Token);
        }
        catch (IOException)
        {
            // A reset is a close too.
        }

        return rest.ToArray();
    }

    /// <summary>Breaks the connection off without a word, as a crash does.</summary>
    public void Break()
    {
        _tcp.LingerState = new LingerOption(enable: true, seconds: 0);
        _tcp.Close();
    }

    public void Dispose()
    {
        _tcp.Dispose();
        _limit.Dispose();
    }

    private async Task<byte[]> ReadBodyAsync(Dictionary<string, string> headers)
    {
        if (!headers.TryGetValue("transfer-encoding", out _))
        {
            return await ReadExactlyAsync(headers.TryGetValue("content-length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0);
        }

        var body = new List<byte>();
        while (int.Parse(await ReadLineAsync() ?? "0", NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var size)
        {
            body.AddRange(await ReadExactlyAsync(size));
            await ReadLineAsync();
        }

        await ReadLineAsync();
        return [.. body];
    }

    private async Task<byte[]> ReadExactlyAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, _limit.Token);
        return bytes;
    }

    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        var next = new byte[1];
        while (await _stream.ReadAsync(next, _limit.Token) == 1)
        {
            if (next[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)next[0]);
        }

        return line.Length == 0 ? null : throw new IOException("The connection ended inside a line.");
    }
}
