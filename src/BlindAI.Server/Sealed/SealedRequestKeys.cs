using System.IO.Pipelines;
using System.Security.Cryptography;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Server.Sealed;

/// <summary>The key pairs that requests are sealed to: one that evidence names, and for an hour after a change the one before it.</summary>
/// <remarks>
/// Made inside the TEE, never written, never shared. Who gets hold of a key opens every request that was sealed to it, so its life is short: this is all the forward secrecy
/// that sealed requests have. Ids begin anywhere, so that a replica or a restarted server rarely takes another's id for its own, and grow by one;
/// with two keys at most, the next id is never one in use. Source: docs/wire-protocol.md, clause 10; RFC 9458, section 7.
/// </remarks>
internal sealed class SealedRequestKeys : IDisposable
{
    /// <summary>How long a key is the one that evidence names.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>How long it is accepted afterwards: clients that verified evidence just before the change finish with it.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly ITimer _rotation;

    private readonly ITimer _retirement;

    private readonly Lock _changing = new();

    private volatile SealedRequestKey _current;

    private volatile SealedRequestKey? _previous;

    /// <param name="clock">Says when a key's time is over.</param>
    public SealedRequestKeys(TimeProvider clock)
    {
        _current = new(RandomNumberGenerator.GetBytes(1)[0]);
        _retirement = clock.CreateTimer(_ => Retire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _rotation = clock.CreateTimer(_ => Rotate(), null, Lifetime, Lifetime);
    }

    /// <summary>What is published now. One object: its bytes and their digest cannot come from two keys.</summary>
    public PublishedKeys Published => _current.Published;

    /// <summary>Reads the head of a sealed request and agrees with the key that its sender used.</summary>
    /// <param name="body">The body; the sealed message is behind the head.</param>
    /// <param name="form">How it is sealed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="OhttpException"><see cref="OhttpFault.KeyUnknown"/>: also for a key whose time is over; <see cref="OhttpFault.Malformed"/>, <see cref="OhttpFault.Truncated"/>.</exception>
    public async ValueTask<OhttpRequestOpener> OpenAsync(PipeReader body, OhttpForm form, CancellationToken cancellationToken)
    {
        SealedRequestKey? held = null;
        try
        {
            return await OhttpRequestOpener.ReadAsync(body, form, id => (held = Hold(id))?.Pair, cancellationToken);
        }
        finally
        {
            held?.Release();
        }
    }

    public void Dispose()
    {
        _rotation.Dispose();
        _retirement.Dispose();
        lock (_changing)
        {
            Retire();
            _current.Release();
        }
    }

    // The key before is read last: it is set before the current one changes, so that a key is never missed in between.
    private SealedRequestKey? Hold(byte id) => TryHold(_current, id) ?? TryHold(_previous, id);

    private static SealedRequestKey? TryHold(SealedRequestKey? key, byte id) => key is not null && key.Id == id && key.TryHold() ? key : null;

    private void Rotate()
    {
        lock (_changing)
        {
            Retire();
            _previous = _current;
            _current = new(unchecked((byte)(_current.Id + 1)));
            _retirement.Change(Grace, Timeout.InfiniteTimeSpan);
        }
    }

    private void Retire()
    {
        lock (_changing)
        {
            _previous?.Release();
            _previous = null;
        }
    }
}
