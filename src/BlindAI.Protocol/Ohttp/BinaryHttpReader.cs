using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Reads one Binary HTTP message: first its head, then, as a pipe, its content. The pipe ends when trailers and padding were read too, and the message ended.</summary>
/// <remarks>
/// Source: RFC 9292, section 3. Both forms. Refused beyond the letter of the format: anything over <see cref="BinaryHttpLimits"/>, control characters, a
/// <c>content-length</c> that differs from the content, and a message that ends before its trailers, which the format allows. Trailers are checked and dropped.
/// A fault is a <see cref="ServingException"/> and stays: <see cref="ServingCode.RequestMalformed"/> or <see cref="ServingCode.RequestTooLarge"/>, of a response
/// <see cref="ServingCode.ResponseMalformed"/>. Content of a known length is handed on without a copy; pieces are joined by one.
/// </remarks>
public sealed class BinaryHttpReader : PipeReader
{
    // Nothing waits on this pipe: pieces are put in when a read finds nothing new.
    private static readonly PipeOptions JoinedOptions = new(pauseWriterThreshold: 0, resumeWriterThreshold: 0, useSynchronizationContext: false);

    private static readonly TryReadUnit<ulong> Varint = TryReadVarint;
    private static readonly TryReadUnit<string> Text = TryReadText;
    private static readonly TryReadUnit<KeyValuePair<string, string>?> Field = TryReadField;

    private readonly PipeReader _message;

    private bool _isResponse;
    private bool _isFaulted;
    private long _position;

    // Known length: what of the content is not consumed, what of it was handed out last, and whether that was all of it and seen to its end.
    private long _left;
    private ReadOnlySequence<byte> _current;
    private bool _isAllSeen;

    // Indeterminate length: the joined pieces, what of the current one is to come, and what the content-length header allows.
    private Pipe? _joined;
    private ulong _pieceLeft;
    private long? _statedLeft;

    // After the end: what of the content was handed out and not consumed.
    private bool _isEnded;
    private ReadOnlySequence<byte> _held;

    /// <summary>Reads from the plaintext of a sealed message, and takes it over.</summary>
    public BinaryHttpReader(PipeReader message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _message = message;
    }

    private delegate bool TryReadUnit<T>(ref SequenceReader<byte> reader, BinaryHttpReader owner, int limit, out T value);

    /// <summary>Reads the head of a request, once and before the content.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.RequestTooLarge"/>.</exception>
    public async ValueTask<BinaryHttpRequestHead> ReadRequestHeadAsync(CancellationToken cancellationToken = default)
    {
        var isKnown = await ReadFormAsync(BinaryHttpWriter.KnownRequest, BinaryHttpWriter.IndeterminateRequest, cancellationToken).ConfigureAwait(false);
        var method = await ReadUnitAsync(Text, BinaryHttpLimits.MaxMethodLength, cancellationToken).ConfigureAwait(false);
        Require(BinaryHttpRules.IsMethod(method), "The method is not a token.");
        var scheme = await ReadUnitAsync(Text, BinaryHttpLimits.MaxSchemeLength, cancellationToken).ConfigureAwait(false);
        Require(BinaryHttpRules.IsScheme(scheme), "The scheme is not one.");
        var authority = await ReadUnitAsync(Text, BinaryHttpLimits.MaxAuthorityLength, cancellationToken).ConfigureAwait(false);
        Require(BinaryHttpRules.IsAuthority(authority), "The authority is not one.");
        var path = await ReadUnitAsync(Text, BinaryHttpLimits.MaxPathLength, cancellationToken).ConfigureAwait(false);
        Require(BinaryHttpRules.IsPath(path), "The path does not begin with a slash, or holds what a path may not.");
        var headers = await ReadFieldsAsync(isKnown, cancellationToken).ConfigureAwait(false);
        var contentLength = await StartContentAsync(isKnown, headers, cancellationToken).ConfigureAwait(false);
        return new() { Method = method, Scheme = scheme, Authority = authority, Path = path, Headers = headers, ContentLength = contentLength };
    }

    /// <summary>Reads the head of the final response, once and before the content; interim ones are passed over.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ResponseMalformed"/>.</exception>
    public async ValueTask<BinaryHttpResponseHead> ReadResponseHeadAsync(CancellationToken cancellationToken = default)
    {
        _isResponse = true;
        var isKnown = await ReadFormAsync(BinaryHttpWriter.KnownResponse, BinaryHttpWriter.IndeterminateResponse, cancellationToken).ConfigureAwait(false);
        for (var interim = 0; interim <= BinaryHttpLimits.MaxInterimCount; interim++)
        {
            var status = await ReadUnitAsync(Varint, 0, cancellationToken).ConfigureAwait(false);
            Require(status is >= 100 and <= 599, "The status is not one.");
            var headers = await ReadFieldsAsync(isKnown, cancellationToken).ConfigureAwait(false);
            if (status >= 200)
            {
                var contentLength = await StartContentAsync(isKnown, headers, cancellationToken).ConfigureAwait(false);
                return new() { Status = (int)status, Headers = headers, ContentLength = contentLength };
            }
        }

        throw Fault("There are too many interim responses.");
    }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowFault();
        if (_joined is not null)
        {
            ReadResult joined;
            while (!_joined.Reader.TryRead(out joined))
            {
                await JoinAsync(_joined.Writer, cancellationToken).ConfigureAwait(false);
            }

            return joined;
        }

        if (!_isEnded && (_left == 0 || _isAllSeen))
        {
            await EndKnownAsync(cancellationToken).ConfigureAwait(false);
        }

        return _isEnded ? Ended() : HandOut(await _message.ReadAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>What can be had without waiting. The end of the message is told by <see cref="ReadAsync"/> first.</summary>
    public override bool TryRead(out ReadResult result)
    {
        ThrowFault();
        if (_joined is not null)
        {
            return _joined.Reader.TryRead(out result);
        }

        if (_isEnded)
        {
            result = Ended();
            return true;
        }

        if (_left == 0 || _isAllSeen || !_message.TryRead(out var read))
        {
            result = default;
            return false;
        }

        result = HandOut(read);
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_joined is not null)
        {
            _joined.Reader.AdvanceTo(consumed, examined);
        }
        else if (_isEnded)
        {
            _held = _held.Slice(consumed);
        }
        else
        {
            var rest = _current.Slice(consumed);
            _isAllSeen = _current.Length == _left && _current.Slice(examined).IsEmpty;
            _left -= _current.Length - rest.Length;
            _current = default;
            _message.AdvanceTo(consumed, examined);
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => _message.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        CompleteJoined(exception);
        _message.Complete(exception);
    }

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        CompleteJoined(exception);
        return _message.CompleteAsync(exception);
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, BinaryHttpReader owner, int limit, out ulong value)
    {
        value = 0;
        if (!reader.TryPeek(out var first) || QuicVarint.LengthFrom(first) is var length && reader.Remaining < length)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[length];
        reader.TryCopyTo(bytes);
        reader.Advance(length);
        value = QuicVarint.Read(bytes);
        return true;
    }

    // A length, then as many bytes, each a character.
    private static bool TryReadText(ref SequenceReader<byte> reader, BinaryHttpReader owner, int limit, out string value)
    {
        value = "";
        if (!TryReadVarint(ref reader, owner, 0, out var length))
        {
            return false;
        }

        if (length > (ulong)limit)
        {
            throw owner.TooLarge($"A part of the head has {length} bytes; {limit} are allowed.");
        }

        if (reader.Remaining < (long)length)
        {
            return false;
        }

        value = Encoding.Latin1.GetString(reader.UnreadSequence.Slice(0, (long)length));
        reader.Advance((long)length);
        return true;
    }

    // Null where a name has no bytes: the end of an indeterminate section. The name is taken when the value is there, so that trying again costs nothing.
    private static bool TryReadField(ref SequenceReader<byte> reader, BinaryHttpReader owner, int limit, out KeyValuePair<string, string>? field)
    {
        field = null;
        var ahead = reader;
        if (!TryReadVarint(ref ahead, owner, 0, out var nameLength))
        {
            return false;
        }

        if (nameLength == 0)
        {
            reader = ahead;
            return true;
        }

        if (nameLength <= (ulong)limit)
        {
            if (ahead.Remaining < (long)nameLength)
            {
                return false;
            }

            ahead.Advance((long)nameLength);
            if (!TryReadVarint(ref ahead, owner, 0, out var valueLength) || (valueLength <= (ulong)limit && ahead.Remaining < (long)valueLength))
            {
                return false;
            }
        }

        TryReadText(ref reader, owner, limit, out var name);
        TryReadText(ref reader, owner, limit, out var value);
        owner.Require(BinaryHttpRules.IsFieldName(name), "The name of a header is not a token in lower case.");
        owner.Require(BinaryHttpRules.IsFieldValue(value), "The value of a header holds a control character, or white space around it.");
        field = new(name, value);
        return true;
    }

    private async ValueTask<bool> ReadFormAsync(byte known, byte indeterminate, CancellationToken cancellationToken)
    {
        if (_position > 0)
        {
            throw new InvalidOperationException("The head is read once.");
        }

        var form = await ReadUnitAsync(Varint, 0, cancellationToken).ConfigureAwait(false);
        Require(form == known || form == indeterminate, "The message begins with another form than that of a request or response.");
        return form == known;
    }

    private async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> ReadFieldsAsync(bool isKnown, CancellationToken cancellationToken)
    {
        var limit = BinaryHttpLimits.MaxFieldSectionLength;
        if (isKnown)
        {
            var length = await ReadUnitAsync(Varint, 0, cancellationToken).ConfigureAwait(false);
            if (length > (ulong)limit)
            {
                throw TooLarge($"The headers take {length} bytes; {limit} are allowed.");
            }

            limit = (int)length;
        }

        var end = _position + limit;
        var fields = new List<KeyValuePair<string, string>>();
        while (!isKnown || _position < end)
        {
            var field = await ReadUnitAsync(Field, BinaryHttpLimits.MaxFieldSectionLength, cancellationToken).ConfigureAwait(false);
            Require(!isKnown || (field is not null && _position <= end), "The headers do not end where their length says.");
            if (field is null)
            {
                break;
            }

            if (fields.Count == BinaryHttpLimits.MaxFieldCount || _position > end)
            {
                throw TooLarge($"There are more than {BinaryHttpLimits.MaxFieldCount} headers, or {BinaryHttpLimits.MaxFieldSectionLength} bytes of them.");
            }

            fields.Add(field.Value);
        }

        return fields;
    }

    private async ValueTask<long?> StartContentAsync(bool isKnown, IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        var stated = StatedLength(headers);
        if (!isKnown)
        {
            _joined = new(JoinedOptions);
            _statedLeft = stated;
            return null;
        }

        _left = (long)await ReadUnitAsync(Varint, 0, cancellationToken).ConfigureAwait(false);

        // The response to HEAD states the length of a content that it does not have.
        Require(stated is null || stated == _left || (_isResponse && _left == 0), "The content-length differs from the length of the content.");
        return _left;
    }

    private long? StatedLength(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        long? stated = null;
        foreach (var (name, value) in headers)
        {
            if (name == "content-length")
            {
                var isNumber = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length);
                Require(isNumber && stated is null, "The content-length is not one number.");
                stated = length;
            }
        }

        return stated;
    }

    // Reads what a unit needs and no more; a unit that is not whole is tried again when more has come.
    private async ValueTask<T> ReadUnitAsync<T>(TryReadUnit<T> tryRead, int limit, CancellationToken cancellationToken)
    {
        ThrowFault();
        while (true)
        {
            var result = await _message.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (TryTake(result.Buffer, tryRead, limit, out var value))
            {
                return value;
            }

            if (result.IsCanceled)
            {
                throw new OperationCanceledException();
            }

            Require(!result.IsCompleted, "The message ends too early.");
        }
    }

    private bool TryTake<T>(ReadOnlySequence<byte> buffer, TryReadUnit<T> tryRead, int limit, out T value)
    {
        var reader = new SequenceReader<byte>(buffer);
        var isWhole = false;
        try
        {
            isWhole = tryRead(ref reader, this, limit, out value);
        }
        finally
        {
            _position += isWhole ? reader.Consumed : 0;
            _message.AdvanceTo(isWhole ? reader.Position : buffer.Start, isWhole ? reader.Position : buffer.End);
        }

        return isWhole;
    }

    private ReadResult HandOut(ReadResult read)
    {
        _current = read.Buffer.Length > _left ? read.Buffer.Slice(0, _left) : read.Buffer;
        if (read.IsCompleted && _current.Length < _left)
        {
            _message.AdvanceTo(_current.End);
            throw Fault("The content ends before its stated length.");
        }

        return new(_current, read.IsCanceled, isCompleted: false);
    }

    private ReadResult Ended() => new(_held, isCanceled: false, isCompleted: true);

    private async ValueTask EndKnownAsync(CancellationToken cancellationToken)
    {
        if (_left > 0)
        {
            // The reader keeps the last of the content: it moves out of the way of what follows.
            var result = await _message.ReadAsync(cancellationToken).ConfigureAwait(false);
            var held = result.Buffer.Slice(0, _left);
            _held = new(held.ToArray());
            _message.AdvanceTo(held.End);
            _left = 0;
        }

        await ReadTailAsync(isKnown: true, cancellationToken).ConfigureAwait(false);
        _isEnded = true;
    }

    private async ValueTask JoinAsync(PipeWriter joined, CancellationToken cancellationToken)
    {
        if (_pieceLeft == 0)
        {
            _pieceLeft = await ReadUnitAsync(Varint, 0, cancellationToken).ConfigureAwait(false);
            if (_pieceLeft == 0)
            {
                Require(_statedLeft is null or 0, "The content-length differs from the length of the content.");
                await ReadTailAsync(isKnown: false, cancellationToken).ConfigureAwait(false);
                await joined.CompleteAsync().ConfigureAwait(false);
                return;
            }

            Require(_statedLeft is null || _pieceLeft <= (ulong)_statedLeft, "The content-length differs from the length of the content.");
            _statedLeft -= (long)_pieceLeft;
        }

        var result = await _message.ReadAsync(cancellationToken).ConfigureAwait(false);
        var piece = result.Buffer.Slice(0, (long)Math.Min((ulong)result.Buffer.Length, _pieceLeft));
        foreach (var segment in piece)
        {
            joined.Write(segment.Span);
        }

        _pieceLeft -= (ulong)piece.Length;
        _message.AdvanceTo(piece.End);
        if (result.IsCanceled)
        {
            throw new OperationCanceledException();
        }

        Require(!result.IsCompleted || _pieceLeft == 0 || !piece.IsEmpty, "The content ends within a piece.");
        await joined.FlushAsync(CancellationToken.None).ConfigureAwait(false);
    }

    // Trailers, then zeros to the end of the message.
    private async ValueTask ReadTailAsync(bool isKnown, CancellationToken cancellationToken)
    {
        await ReadFieldsAsync(isKnown, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var result = await _message.ReadAsync(cancellationToken).ConfigureAwait(false);
            var isZero = true;
            foreach (var segment in result.Buffer)
            {
                isZero &= !segment.Span.ContainsAnyExcept((byte)0);
            }

            _message.AdvanceTo(result.Buffer.End);
            Require(isZero, "Something other than padding follows the message.");
            if (result.IsCanceled)
            {
                throw new OperationCanceledException();
            }

            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private void CompleteJoined(Exception? exception)
    {
        _joined?.Writer.Complete(exception);
        _joined?.Reader.Complete(exception);
    }

    private void ThrowFault()
    {
        if (_isFaulted)
        {
            throw Fault("The message was refused before.");
        }
    }

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw Fault(fault);
        }
    }

    private ServingException Fault(string fault)
    {
        _isFaulted = true;
        return new(_isResponse ? ServingCode.ResponseMalformed : ServingCode.RequestMalformed, $"Binary HTTP: {fault}");
    }

    private ServingException TooLarge(string fault)
    {
        _isFaulted = true;
        return new(_isResponse ? ServingCode.ResponseMalformed : ServingCode.RequestTooLarge, $"Binary HTTP: {fault}");
    }
}
