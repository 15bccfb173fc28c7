using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Protocol.Gate;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Examples.Quickstart;

/// <summary>Somebody between client and server: ends TLS with a key of his own, and answers as he likes, to the preface of a gated client and to HTTP alike.</summary>
public sealed class Impostor : IAsyncDisposable
{
    private readonly TcpListener _listener;

    private readonly CancellationTokenSource _stopping = new();

    private readonly Func<Request, Task<byte[]>> _answer;

    private readonly X509Certificate2 _certificate;

    private readonly Task _accepting;

    private readonly ConcurrentQueue<Request> _heard = new();

    /// <summary>Starts listening.</summary>
    /// <param name="answer">Gives the JSON to answer a request with.</param>
    /// <param name="port">The loopback port; 0 takes a free one.</param>
    public Impostor(Func<Request, Task<byte[]>> answer, int port = 0)
    {
        _answer = answer;
        _listener = new(IPAddress.Loopback, port);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _listener.Start();
        Url = new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where he listens.</summary>
    public Uri Url { get; }

    /// <summary>Everything that clients have said to him.</summary>
    public IReadOnlyCollection<Request> Heard => _heard;

    /// <summary>Forwards every request to a server and its answer back, as a proxy that ends TLS does.</summary>
    public static Impostor Between(Uri server) => new(request => AskAsync(new Uri(server, request.Path), request.Body));

    /// <summary>Forwards evidence with a key of his own in the place of the enclave's, that requests may be sealed to him.</summary>
    public static Impostor WithSealedRequestKey(Uri server) => new(async request =>
    {
        using var key = HpkePrivateKey.Generate();
        var evidence = EvidenceObjectJson.Parse(await AskAsync(new Uri(server, request.Path), request.Body));
        return EvidenceObjectJson.Encode(evidence with { SealedRequestKeys = OhttpKeyConfiguration.Encode([OhttpKeyConfiguration.Of(1, key.PublicKey)]) });
    });

    /// <summary>Asks a server for evidence with a nonce of his own, to show it to others later.</summary>
    public static Task<byte[]> RecordEvidenceAsync(Uri server) =>
        AskAsync(new Uri(server, Routes.Attestation), Encoding.ASCII.GetBytes($"{{\"nonce\":\"{new string('A', 43)}\"}}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _certificate.Dispose();
        _stopping.Dispose();
    }

    private static async Task<byte[]> AskAsync(Uri url, byte[] body)
    {
#pragma warning disable CA5359 // An attacker asks anybody.
        using var handler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
#pragma warning restore CA5359
        using var http = new HttpClient(handler);
        using var content = new ByteArrayContent(body);
        using var response = await http.PostAsync(url, content);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                await ServeAsync(client.GetStream());
            }
            catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException or SocketException or IOException or AuthenticationException)
            {
                // A client that turns away is what this program is about. InvalidOperationException is how a stopped listener answers.
            }
        }
    }

    private async Task ServeAsync(Stream network)
    {
        await using var tls = new SslStream(network);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate, EnabledSslProtocols = SslProtocols.Tls13 }, _stopping.Token);
        var first = new byte[1];
        if (await tls.ReadAsync(first, _stopping.Token) == 0)
        {
            return;
        }

        var isPreface = first[0] == GateRequest.Magic[0];
        if (await (isPreface ? ReadPrefaceAsync(tls) : ReadAsync(tls, (char)first[0])) is not { } request)
        {
            return;
        }

        _heard.Enqueue(request);
        var body = await _answer(request);
        if (isPreface)
        {
            await tls.WriteAsync(GateAnswer.Grant(ToCbor(body)), _stopping.Token);
            return;
        }

        await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), _stopping.Token);
        await tls.WriteAsync(body, _stopping.Token);
    }

    // What a gated client sends is what a pinned one asks for: a nonce. It is written down as that.
    private async Task<Request?> ReadPrefaceAsync(SslStream tls)
    {
        var preface = new byte[GateRequest.EvidenceLength];
        await tls.ReadExactlyAsync(preface.AsMemory(1), _stopping.Token);
        return GateRequest.TryRead(new(preface), out _) is { } asked
            ? new(Routes.Attestation, Encoding.ASCII.GetBytes($"{{\"nonce\":\"{StrictBase64Url.Encode(asked.Nonce.Bytes.Span)}\"}}"))
            : null;
    }

    private static byte[] ToCbor(byte[] json)
    {
        try
        {
            return EvidenceObjectCbor.Encode(EvidenceObjectJson.Parse(json));
        }
        catch (AttestationException)
        {
            return json;
        }
    }

    private async Task<Request?> ReadAsync(SslStream tls, char first)
    {
        using var reader = new StreamReader(tls, Encoding.Latin1, leaveOpen: true);
        if (await reader.ReadLineAsync(_stopping.Token) is not { } requestLine)
        {
            return null;
        }

        var length = 0;
        while (await reader.ReadLineAsync(_stopping.Token) is { Length: > 0 } header)
        {
            if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(header["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        var body = new char[length];
        await reader.ReadBlockAsync(body, _stopping.Token);
        return new($"{first}{requestLine}".Split(' ')[1], Encoding.Latin1.GetBytes(body));
    }

    /// <summary>What a client said.</summary>
    public sealed record Request(string Path, byte[] Body);
}
