using BlindAI.Cli.Bench;

namespace BlindAI.Cli.Tests.Bench;

public sealed class LatencyHistogramTests
{
    private static readonly double[] Parts = [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1];

    public static TheoryData<string, long[]> Distributions => new()
    {
        { "one", [12_345_678] },
        { "zeros", [0, 0, 0] },
        { "every tick", [.. Enumerable.Range(0, 5_000).Select(tick => (long)tick)] },
        { "far apart", [1, 10_000, 10_000_000, 864_000_000_000, long.MaxValue] },
        { "long tail", [.. Enumerable.Range(1, 10_000).Select(number => (long)(50_000 / (1 - (number / 10_001.0))))] },
        { "powers of two", [.. Enumerable.Range(0, 62).SelectMany(bit => (long[])[(1L << bit) - 1, 1L << bit, (1L << bit) + 1])] },
    };

    [Theory]
    [MemberData(nameof(Distributions))]
    public void Quantile_AnyDistribution_IsWithinOnePercentOfTheExactOne(string name, long[] ticks)
    {
        var histogram = new LatencyHistogram();
        foreach (var tick in ticks)
        {
            histogram.Add(TimeSpan.FromTicks(tick));
        }

        long[] sorted = [.. ticks.Order()];
        foreach (var part in Parts)
        {
            var exact = sorted[Math.Max(1, (int)Math.Ceiling(part * sorted.Length)) - 1];
            var read = histogram.Quantile(part).Ticks;
            Assert.True(Math.Abs((double)read - exact) <= 0.01 * exact, $"{name}: quantile {part} is {read} and not {exact}.");
        }

        Assert.Equal(ticks.Length, histogram.Count);
        Assert.Equal(sorted[^1], histogram.Max.Ticks);
        Assert.Equal((long)(sorted.Sum(tick => (decimal)tick) / ticks.Length), histogram.Mean.Ticks);
    }

    [Fact]
    public void Quantile_Empty_IsZero() => Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero), (new LatencyHistogram().Quantile(0.5), new LatencyHistogram().Max, new LatencyHistogram().Mean));

    [Fact]
    public void Add_NegativeDuration_CountsAsZero()
    {
        var histogram = new LatencyHistogram();

        histogram.Add(TimeSpan.FromTicks(-1));

        Assert.Equal((1, TimeSpan.Zero), (histogram.Count, histogram.Quantile(1)));
    }
}
