using System.Collections.Immutable;

namespace BlindAI.Inference.Models;

/// <summary>How durations are distributed over fixed buckets. Many threads add without a lock.</summary>
/// <remarks>The buckets are coarse on purpose: what can be read from a public metric must not tell one input from another.</remarks>
public sealed class DurationHistogram
{
    private readonly long[] _counts = new long[Bounds.Length + 1];
    private readonly DurationCounter _all = new();

    /// <summary>Upper bounds of the buckets, each included; one more bucket takes what is longer.</summary>
    public static ImmutableArray<TimeSpan> Bounds { get; } =
    [
        .. new double[] { 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000 }.Select(TimeSpan.FromMilliseconds),
    ];

    /// <summary>All events.</summary>
    public DurationCount All => _all.Read();

    /// <summary>Events in each bucket, not cumulative; the last is of those beyond all bounds.</summary>
    public ImmutableArray<long> Counts
    {
        get
        {
            var counts = ImmutableArray.CreateBuilder<long>(_counts.Length);
            for (var index = 0; index < _counts.Length; index++)
            {
                counts.Add(Volatile.Read(ref _counts[index]));
            }

            return counts.MoveToImmutable();
        }
    }

    internal void Add(TimeSpan duration)
    {
        var bucket = 0;
        while (bucket < Bounds.Length && duration > Bounds[bucket])
        {
            bucket++;
        }

        _ = Interlocked.Increment(ref _counts[bucket]);
        _all.Add(duration);
    }
}
