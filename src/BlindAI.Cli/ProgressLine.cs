using BlindAI.Client.Models;

namespace BlindAI.Cli;

/// <summary>One line on standard error that shows how far long work has come; nothing where nobody watches.</summary>
/// <remarks>It draws where it is called, not on another thread, so the line is gone before the result is printed.</remarks>
internal sealed class ProgressLine(CliHost host, string what, long? total) : IProgress<long>, IProgress<UploadProgress>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private const string EraseLine = "\r\u001b[K";

    private long? _drawnAt;

    /// <summary>Shows the bytes done so far.</summary>
    public void Report(long value)
    {
        if (IsDue || (host.IsErrorTerminal && value == total))
        {
            var of = total is > 0 and var all ? $" of {Printable.Bytes(all)} ({100 * (double)value / all:0}%)" : "";
            Draw($"{Printable.Bytes(value)}{of}");
        }
    }

    /// <summary>Shows how far the work has come where bytes do not say it.</summary>
    public void Show(string text)
    {
        if (IsDue)
        {
            Draw(text);
        }
    }

    /// <summary>Shows the bytes sent so far.</summary>
    public void Report(UploadProgress value) => Report(value.SentBytes);

    /// <summary>Removes the line.</summary>
    public void Dispose()
    {
        if (_drawnAt is not null)
        {
            host.Error.Write(EraseLine);
        }
    }

    private bool IsDue => host.IsErrorTerminal && (_drawnAt is not { } last || host.Clock.GetElapsedTime(last) >= Interval);

    private void Draw(string text)
    {
        _drawnAt = host.Clock.GetTimestamp();
        host.Error.Write($"{EraseLine}{what} {text}");
    }
}
