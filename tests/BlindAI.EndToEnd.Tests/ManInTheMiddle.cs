using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation.Evidence;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A man between client and server: ends TLS towards both with the certificate that he holds, passes every byte on, and remembers all that he could read.</summary>
/// <remarks>What he holds decides what he is: a certificate of his own makes him a proxy or an impostor, the server's own makes him a thief of its TLS key, and none a cable.</remarks>
internal sealed class ManInTheMiddle : IAsyncDisposable
{
    private readonly Uri _server;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    private readonly CancellationTokenSource _stopping = new();

    private readonly ConcurrentQueue<Conversation> _conversations = new();

    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();

    private readonly List<Task> _relays = [];

    private readonly Task _accepting;

    /// <param name="server">To whom he passes on.</param>
    /// <param name="certificate">What he holds, key included; null for nothing.</param>
    public ManInTheMiddle(Uri server, X509Certificate2? certificate)
    {
        _server = server;
        Certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients take him for the server.</summary>
    public Uri Url => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>What he holds, for connections from now on.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>What he makes of a preface, given the binder that he shares with the client; null to pass it on as it is.</summary>
    public Func<byte[], ChannelBinder, byte[]>? ChangePreface { get; set; }

    /// <summary>What was said over the connections whose TLS he ended.</summary>
    public IReadOnlyCollection<Conversation> Conversations => _conversations;

    /// <summary>Whether bytes passed that he could read, in either direction.</summary>
    public bool HasRead(ReadOnlySpan<byte> bytes)
    {
        foreach (var conversation in _conversations)
        {
            if (conversation.FromClient.AsSpan().IndexOf(bytes) >= 0 || conversation.FromServer.AsSpan().IndexOf(bytes) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether text passed that he could read.</summary>
    public bool HasRead(string text) => HasRead(Encoding.UTF8.GetBytes(text));

    /// <summary>Asserts that somebody came, and said nothing but a preface.</summary>
    public void AssertHeardOnlyPrefaces()
    {
        Assert.NotEmpty(_conversations);
        Assert.All(_conversations, conversation =>
        {
            var heard = conversation.FromClient;
            Assert.True(heard.Length == 0 || (heard.AsSpan().StartsWith(Preface.Magic) && heard.Length == Preface.LengthOf(heard[Preface.FlagsAt])), $"He heard {heard.Length} bytes.");
        });
    }

    /// <summary>Cuts every connection that is open, so that clients must make new ones.</summary>
    public void Cut()
    {
        foreach (var client in _open.Keys)
        {
            client.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stopping.Token), Certificate));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(TcpClient client, X509Certificate2? certificate)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            _open[client] = true;
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, _stopping.Token);
                if (certificate is null)
                {
                    await PassBothAsync(client.GetStream(), server.GetStream(), null);
                }
                else
                {
                    await RelayTlsAsync(client.GetStream(), server.GetStream(), certificate);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or AuthenticationException or ObjectDisposedException or InvalidOperationException)
            {
                // Either side went away; that is theirs to notice.
            }

            _open.TryRemove(client, out _);
        }
    }

    private async Task RelayTlsAsync(Stream client, Stream server, X509Certificate2 certificate)
    {
        await using var near = new SslStream(client);
        await near.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            }, _stopping.Token);
        var conversation = new Conversation();
        _conversations.Enqueue(conversation);

#pragma warning disable CA5359 // He asks anybody.
        await using var far = new SslStream(server, leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await far.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = near.NegotiatedApplicationProtocol.Protocol.IsEmpty ? null : [near.NegotiatedApplicationProtocol],
            }, _stopping.Token);
        if (ChangePreface is { } change)
        {
            var preface = new byte[Preface.EvidenceLength];
            await near.ReadExactlyAsync(preface, _stopping.Token);
            Array.Resize(ref preface, Preface.LengthOf(preface[Preface.FlagsAt]));
            await near.ReadExactlyAsync(preface.AsMemory(Preface.EvidenceLength), _stopping.Token);
            conversation.Hear(preface, isClient: true);
            await far.WriteAsync(change(preface, ChannelBinder.Take(near)!), _stopping.Token);
        }

        await PassBothAsync(near, far, conversation);
    }

    private async Task PassBothAsync(Stream near, Stream far, Conversation? conversation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        Task[] both = [PassAsync(near, far, conversation, isClient: true, ended.Token), PassAsync(far, near, conversation, isClient: false, ended.Token)];
        await Task.WhenAny(both);
        await ended.CancelAsync();
        await Task.WhenAll(both);
    }

    private static async Task PassAsync(Stream from, Stream to, Conversation? conversation, bool isClient, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            conversation?.Hear(buffer.AsSpan(0, count), isClient);
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    /// <summary>What was said over one connection, in clear.</summary>
    internal sealed class Conversation
    {
        private readonly List<byte> _fromClient = [];

        private readonly List<byte> _fromServer = [];

        public byte[] FromClient => Copy(_fromClient);

        public byte[] FromServer => Copy(_fromServer);

        public void Hear(ReadOnlySpan<byte> bytes, bool isClient)
        {
            lock (_fromClient)
            {
                (isClient ? _fromClient : _fromServer).AddRange(bytes);
            }
        }

        private byte[] Copy(List<byte> bytes)
        {
            lock (_fromClient)
            {
                return [.. bytes];
            }
        }
    }
}
