namespace TrainCreditForest;

/// <summary>A small generator whose numbers stay the same on every runtime, so that a seed names one split and one training for good.</summary>
/// <remarks>Source: SplitMix64, Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). Not for secrets.</remarks>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 to <paramref name="bound"/> - 1; the bias of the remainder is below 2^-50 for our bounds.</summary>
    public int Next(int bound)
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return (int)(mixed % (ulong)bound);
    }

    /// <summary>Puts the items in random order (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = Next(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
