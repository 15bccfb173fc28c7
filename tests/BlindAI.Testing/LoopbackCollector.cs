using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlindAI.Testing;

/// <summary>A collector of traces on a loopback address: OTLP over plain HTTP/1.1, one request for each connection.</summary>
public sealed class LoopbackCollector : IAsyncDisposable
{
    private const int MaxLength = 4 * 1024 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    private readonly CancellationTokenSource _closing = new();

    private readonly int? _status;

    private readonly Task _loop;

    /// <param name="status">The status that it answers; null never answers.</param>
    public LoopbackCollector(int? status = 200)
    {
        _status = status;
        _listener.Start();
        Url = new($"http://{_listener.LocalEndpoint}");
        _loop = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>Head and body of every request.</summary>
    public ConcurrentQueue<(string Head, string Body)> Requests { get; } = [];

    /// <summary>Every span that came.</summary>
    public IReadOnlyList<CollectedSpan> Spans => [.. Requests.SelectMany(request => CollectedSpan.ParseAll(request.Body))];

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _loop;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                Requests.Enqueue(await ReadAsync(stream));
                if (_status is not { } status)
                {
                    await Task.Delay(Timeout.Infinite, _closing.Token);
                    return;
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Answer\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"), _closing.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
                // The client went away, or the test ended.
            }
        }
    }

    private async Task<(string Head, string Body)> ReadAsync(NetworkStream stream)
    {
        var received = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var text = Encoding.Latin1.GetString(received.GetBuffer(), 0, (int)received.Length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var head = text[..end];
                var length = int.Parse(head.Split("Content-Length: ")[1].Split("\r\n")[0], CultureInfo.InvariantCulture);
                if (text.Length >= end + 4 + length)
                {
                    return (head, text[(end + 4)..]);
                }
            }

            var read = received.Length < MaxLength ? await stream.ReadAsync(buffer, _closing.Token) : 0;
            received.Write(buffer, 0, read > 0 ? read : throw new IOException("The request ended early."));
        }
    }
}
