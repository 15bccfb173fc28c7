using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlindAI.Testing;

/// <summary>A vendor's service on a loopback address: plain HTTP/1.1, one answer for each connection.</summary>
public sealed class LoopbackVendor : IAsyncDisposable
{
    private const int MaxHeadLength = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    private readonly CancellationTokenSource _closing = new();

    private readonly Func<string, VendorAnswer> _answer;

    private readonly Task _loop;

    /// <param name="answer">Answers path and query of a GET.</param>
    public LoopbackVendor(Func<string, VendorAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Url = new($"http://{_listener.LocalEndpoint}");
        _loop = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>Path and query of every request, in the order of their arrival.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

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
                var target = (await ReadHeadAsync(stream)).Split(' ')[1];
                Requests.Enqueue(target);
                var answer = _answer(target);
                var head = new StringBuilder($"HTTP/1.1 {answer.Status} Answer\r\nConnection: close\r\n");
                if (answer.StatesLength)
                {
                    head.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Length: {answer.Body.Length}\r\n");
                }

                foreach (var (name, value) in answer.Headers)
                {
                    head.Append(System.Globalization.CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _closing.Token);
                await stream.WriteAsync(answer.Body, _closing.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
                // The client went away, or the test ended.
            }
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var buffer = new byte[MaxHeadLength];
        var length = 0;
        while (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), _closing.Token);
            length += read > 0 ? read : throw new IOException("The request ended early.");
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
