using System.Numerics;

namespace BlindAI.Cli.Bench;

/// <summary>Durations of any number in 58 KiB, from which quantiles are read with an error below 1 %.</summary>
/// <remarks>
/// Log-linear buckets over ticks of 100 ns: 128 between a power of two and the next, so a bucket is at most 1/128 as wide as its values are large.
/// Not safe for several threads.
/// </remarks>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 7;

    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[(64 - SubBucketBits) * SubBuckets + SubBuckets];
    private long _min = long.MaxValue;
    private long _max;
    private decimal _sum;

    /// <summary>Durations that were added.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, exactly; zero without any.</summary>
    public TimeSpan Max => TimeSpan.FromTicks(_max);

    /// <summary>The mean, exactly; zero without any.</summary>
    public TimeSpan Mean => Count == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)(_sum / Count));

    /// <summary>Adds a duration; a negative one, which a clock that was set back makes, counts as zero.</summary>
    public void Add(TimeSpan duration)
    {
        var ticks = Math.Max(0, duration.Ticks);
        _counts[IndexOf(ticks)]++;
        _min = Math.Min(_min, ticks);
        _max = Math.Max(_max, ticks);
        _sum += ticks;
        Count++;
    }

    /// <summary>The duration that a part of all do not exceed, such as 0.99; zero without any.</summary>
    public TimeSpan Quantile(double part)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, 1);
        if (Count == 0)
        {
            return TimeSpan.Zero;
        }

        // The nearest rank, counted from 1.
        var rank = Math.Max(1, (long)Math.Ceiling(part * Count));
        var index = 0;
        for (var seen = _counts[0]; seen < rank; seen += _counts[index])
        {
            index++;
        }

        return TimeSpan.FromTicks(Math.Clamp(MiddleOf(index), _min, _max));
    }

    // Below 128 a bucket for each tick; above, the seven bits after the leading one choose.
    private static int IndexOf(long ticks)
    {
        if (ticks < SubBuckets)
        {
            return (int)ticks;
        }

        var shift = BitOperations.Log2((ulong)ticks) - SubBucketBits;
        return (shift * SubBuckets) + (int)(ticks >> shift);
    }

    private static long MiddleOf(int index)
    {
        if (index < SubBuckets)
        {
            return index;
        }

        var shift = (index / SubBuckets) - 1;
        var lowest = (long)(SubBuckets + (index % SubBuckets)) << shift;
        return lowest + ((1L << shift) / 2);
    }
}
