using System.Globalization;

namespace BlindAI.Bench.Load;

/// <summary>How long the load lasts, and from how many connections it comes.</summary>
internal sealed record LoadOptions(TimeSpan Duration, int Connections)
{
    public const string Argument = "--load";

    /// <summary>From this duration on memory is judged; before, a process still warms up.</summary>
    public static readonly TimeSpan JudgedFrom = TimeSpan.FromMinutes(4);

    /// <summary>Reads what follows <c>--load</c>; null when it is not understood.</summary>
    public static LoadOptions? Parse(ReadOnlySpan<string> arguments)
    {
        var (seconds, connections) = (600, 64);
        for (var index = 0; index + 1 < arguments.Length; index += 2)
        {
            if (!int.TryParse(arguments[index + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 100_000)
            {
                return null;
            }

            switch (arguments[index])
            {
                case "--seconds": seconds = number; break;
                case "--connections": connections = number; break;
                default: return null;
            }
        }

        return arguments.Length % 2 == 0 ? new(TimeSpan.FromSeconds(seconds), connections) : null;
    }
}
