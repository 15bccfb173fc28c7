namespace BlindAI.Bench.Engine.Measuring;

/// <summary>One turn of one contender: every request's time, in order of size, and how long all of them took together.</summary>
internal sealed record Turn(double[] Microseconds, double Seconds)
{
    public double Throughput => Microseconds.Length / Seconds;

    public double P50 => Quantiles.OfSorted(Microseconds, 0.5);
}
