using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Tests.Telemetry;

public sealed class PrometheusTextTests
{
    private readonly PrometheusText _text = new();

    [Fact]
    public void Sample_LabelsOfAnyText_AreEscaped()
    {
        _text.Family("a_total", "counter", "Line\nand \\.");
        _text.Sample(1, ("model", "a\\b\"c\nd"), ("version", "2"));

        Assert.Equal("# HELP a_total Line\\nand \\\\.\n# TYPE a_total counter\na_total{model=\"a\\\\b\\\"c\\nd\",version=\"2\"} 1\n", _text.ToString());
    }

    [Fact]
    public void Family_BegunTwice_IsRefused()
    {
        _text.Counter("a_total", "A.", 1);

        Assert.Throws<ArgumentException>(() => _text.Gauge("a_total", "A.", 1));
    }

    [Fact]
    public void Histogram_CountsOfBuckets_AreCumulative()
    {
        _text.Histogram("a_seconds", "A.", [0.001m, 2.5m], [1, 2, 4], 0.125m);

        Assert.Equal(
            """
            # HELP a_seconds A.
            # TYPE a_seconds histogram
            a_seconds_bucket{le="0.001"} 1
            a_seconds_bucket{le="2.5"} 3
            a_seconds_bucket{le="+Inf"} 7
            a_seconds_sum 0.125
            a_seconds_count 7

            """,
            _text.ToString());
    }
}
