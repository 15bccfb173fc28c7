using System.IO.Pipelines;
using System.Text;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Writes one Binary HTTP message: its head at once, then what is written to it as the content, then the end on completion.</summary>
/// <remarks>
/// Source: RFC 9292, section 3. Known-length form where the content's length is known, and then the content goes through untouched; else the indeterminate-length form
/// with one piece per advance. No trailers. Completed with a fault, the message stays without its end.
/// </remarks>
public sealed class BinaryHttpWriter : PipeWriter
{
    internal const byte KnownRequest = 0;
    internal const byte KnownResponse = 1;
    internal const byte IndeterminateRequest = 2;
    internal const byte IndeterminateResponse = 3;

    // Room for the length in front of a piece.
    private const int FrameRoom = 4;
    private const int MaxPieceLength = (1 << 30) - 1;

    private readonly PipeWriter _message;
    private long? _left;
    private Memory<byte> _piece;
    private bool _isCompleted;

    private BinaryHttpWriter(PipeWriter message, long? contentLength)
    {
        _message = message;
        _left = contentLength;
    }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => _message.CanGetUnflushedBytes;

    /// <inheritdoc/>
    public override long UnflushedBytes => _message.UnflushedBytes;

    /// <summary>Bytes of the whole message of a request whose content has a known length.</summary>
    /// <exception cref="ArgumentException">The head breaks a rule or a limit of the format, or states no length.</exception>
    public static long LengthOf(BinaryHttpRequestHead head)
    {
        ArgumentNullException.ThrowIfNull(head);
        Require(head.ContentLength is >= 0);
        long fields = FieldsLength(head.Headers);
        return 1 + TextLength(head.Method) + TextLength(head.Scheme) + TextLength(head.Authority) + TextLength(head.Path)
            + QuicVarint.LengthOf((ulong)fields) + fields + QuicVarint.LengthOf((ulong)head.ContentLength!.Value) + head.ContentLength.Value + 1;

        static int TextLength(string text) => QuicVarint.LengthOf((ulong)text.Length) + text.Length;
    }

    /// <summary>Writes the head of a request.</summary>
    /// <exception cref="ArgumentException">The head breaks a rule or a limit of the format.</exception>
    public static BinaryHttpWriter Start(PipeWriter message, BinaryHttpRequestHead head)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(head);
        Require(BinaryHttpRules.IsMethod(head.Method) && BinaryHttpRules.IsScheme(head.Scheme) && BinaryHttpRules.IsAuthority(head.Authority) && BinaryHttpRules.IsPath(head.Path));
        var fields = FieldsLength(head.Headers);
        WriteVarint(message, head.ContentLength is null ? IndeterminateRequest : KnownRequest);
        WriteText(message, head.Method);
        WriteText(message, head.Scheme);
        WriteText(message, head.Authority);
        WriteText(message, head.Path);
        return Start(message, head.Headers, fields, head.ContentLength);
    }

    /// <summary>Writes the head of a response.</summary>
    /// <exception cref="ArgumentException">The head breaks a rule or a limit of the format.</exception>
    public static BinaryHttpWriter Start(PipeWriter message, BinaryHttpResponseHead head)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(head);
        Require(head.Status is >= 200 and <= 599);
        var fields = FieldsLength(head.Headers);
        WriteVarint(message, head.ContentLength is null ? IndeterminateResponse : KnownResponse);
        WriteVarint(message, (ulong)head.Status);
        return Start(message, head.Headers, fields, head.ContentLength);
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("The message is complete.");
        }

        if (_left is not null)
        {
            return _message.GetMemory(sizeHint);
        }

        _piece = _message.GetMemory(checked(FrameRoom + Math.Max(sizeHint, 1)));
        return _piece[FrameRoom..Math.Min(_piece.Length, FrameRoom + MaxPieceLength)];
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (_left is { } left)
        {
            CountContent(left, bytes);
            _message.Advance(bytes);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Math.Max(0, _piece.Length - FrameRoom));
        if (bytes > 0)
        {
            var length = QuicVarint.Write(_piece.Span, (ulong)bytes);
            _piece.Span.Slice(FrameRoom, bytes).CopyTo(_piece.Span[length..]);
            _message.Advance(length + bytes);
        }

        _piece = default;
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => _message.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (_left is { } left)
        {
            CountContent(left, source.Length);
        }
        else if (!source.IsEmpty)
        {
            WriteVarint(_message, (ulong)source.Length);
        }

        return _message.WriteAsync(source, cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => _message.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (!_isCompleted)
        {
            Finish(exception);
            _message.Complete(exception);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (!_isCompleted)
        {
            Finish(exception);
            await _message.CompleteAsync(exception).ConfigureAwait(false);
        }
    }

    private static BinaryHttpWriter Start(PipeWriter message, IReadOnlyList<KeyValuePair<string, string>> headers, int fieldsLength, long? contentLength)
    {
        if (contentLength is not null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(contentLength.Value);
            WriteVarint(message, (ulong)fieldsLength);
        }

        foreach (var (name, value) in headers)
        {
            WriteText(message, name);
            WriteText(message, value);
        }

        WriteVarint(message, (ulong)(contentLength ?? 0));      // the content's length, or the end of the headers
        return new(message, contentLength);
    }

    private void Finish(Exception? exception)
    {
        if (exception is null)
        {
            if (_left > 0)
            {
                throw new InvalidOperationException($"The content ends {_left} bytes before its stated length.");
            }

            if (_left is null)
            {
                WriteVarint(_message, 0);                       // the end of the content
            }

            WriteVarint(_message, 0);                           // no trailers
        }

        _isCompleted = true;
    }

    private void CountContent(long left, int bytes)
    {
        if (bytes > left)
        {
            throw new InvalidOperationException($"The content is {bytes - left} bytes beyond its stated length.");
        }

        _left = left - bytes;
    }

    private static int FieldsLength(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var length = 0L;
        foreach (var (name, value) in headers)
        {
            Require(BinaryHttpRules.IsFieldName(name) && BinaryHttpRules.IsFieldValue(value));
            length += QuicVarint.LengthOf((ulong)name.Length) + name.Length + QuicVarint.LengthOf((ulong)value.Length) + value.Length;
        }

        Require(headers.Count <= BinaryHttpLimits.MaxFieldCount && length <= BinaryHttpLimits.MaxFieldSectionLength);
        return (int)length;
    }

    // Every rule allows bytes below 0x100 alone, so that a character is a byte.
    private static void WriteText(PipeWriter message, string text)
    {
        WriteVarint(message, (ulong)text.Length);
        message.Advance(Encoding.Latin1.GetBytes(text, message.GetSpan(text.Length)));
    }

    private static void WriteVarint(PipeWriter message, ulong value) => message.Advance(QuicVarint.Write(message.GetSpan(QuicVarint.MaxLength), value));

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new ArgumentException("The head of a message breaks a rule or a limit of Binary HTTP.");
        }
    }
}
