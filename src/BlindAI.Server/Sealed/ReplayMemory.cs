using System.Buffers.Binary;
using System.Security.Cryptography;
using BlindAI.Protocol;

namespace BlindAI.Server.Sealed;

/// <summary>Serves a sealed request once: remembers each for as long as its date would be accepted again.</summary>
/// <remarks>
/// Oblivious HTTP has no defence of its own (RFC 9458, section 6.5): whoever saw a request go by can send it again, and have it answered to nobody's use at the caller's cost.
/// A request is known by its encapsulated key, which no honest client uses twice. The clock is the host's; here it never goes back, so a request that became too old stays so:
/// a clock that was set back refuses right requests until it has caught up, and serves none twice.
/// </remarks>
/// <param name="clock">The clock.</param>
/// <param name="capacity">Most requests that are remembered, each of which costs some 70 bytes.</param>
internal sealed class ReplayMemory(TimeProvider clock, int capacity = ReplayMemory.DefaultCapacity)
{
    /// <summary>2 Mi requests in ten to twenty minutes: 1,700 to 3,500 a second.</summary>
    public const int DefaultCapacity = 2 * 1024 * 1024;

    /// <summary>Most that a request's date may differ from the server's clock, either way.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _admitting = new();

    private readonly HashSet<UInt128> _served = [];

    private readonly PriorityQueue<UInt128, DateTimeOffset> _byEnd = new();

    private DateTimeOffset _now = DateTimeOffset.MinValue;

    /// <summary>Admits a request that was opened; of two that are the same exactly one, however close they come.</summary>
    /// <param name="encapsulation">Its encapsulated key.</param>
    /// <param name="date">Its date; null when it has none.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestStale"/>, <see cref="ServingCode.RequestReplayed"/>, <see cref="ServingCode.ReplayMemoryFull"/>.</exception>
    public void Admit(ReadOnlySpan<byte> encapsulation, DateTimeOffset? date)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(encapsulation, hash);
        var request = BinaryPrimitives.ReadUInt128BigEndian(hash);
        lock (_admitting)
        {
            var read = clock.GetUtcNow();
            _now = read > _now ? read : _now;
            if (date is not { } sent || sent < _now - Window || sent > _now + Window)
            {
                throw new ServingException(ServingCode.RequestStale, $"A sealed request says its Date, within {Window.TotalMinutes} minutes of the server's clock.", "set the clock; seal the request anew.");
            }

            ForgetUntil(_now);
            if (_served.Contains(request))
            {
                throw new ServingException(ServingCode.RequestReplayed, "This sealed request has come before.", "seal the request anew; whether the first was served, its answer said.");
            }

            if (_served.Count >= capacity)
            {
                throw new ServingException(ServingCode.ReplayMemoryFull, "The server remembers as many sealed requests as it may.", "try again later.") { RetryAfter = RetryAfter };
            }

            _served.Add(request);
            _byEnd.Enqueue(request, sent + Window);
        }
    }

    private void ForgetUntil(DateTimeOffset now)
    {
        while (_byEnd.TryPeek(out var oldest, out var end) && end < now)
        {
            _byEnd.Dequeue();
            _served.Remove(oldest);
        }
    }
}
