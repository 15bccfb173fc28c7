using System.Globalization;

namespace BlindAI.Bench.Engine;

/// <summary>How long to measure, and what.</summary>
/// <param name="Rounds">Turns of each contender in each comparison.</param>
/// <param name="IsQuick">Short rounds, for work on the suite itself: the figures mean little.</param>
/// <param name="Only">A word that a comparison's name must hold; null measures everything.</param>
internal sealed record EngineOptions(int Rounds, bool IsQuick, string? Only)
{
    public const string Argument = "--engine";

    private const int FullRounds = 5;

    private const int QuickRounds = 2;

    /// <summary>Reads what follows <c>--engine</c>; null when it is not understood.</summary>
    public static EngineOptions? Parse(ReadOnlySpan<string> arguments)
    {
        (int? rounds, var isQuick, string? only) = (null, false, null);
        for (var index = 0; index < arguments.Length; index++)
        {
            switch (arguments[index])
            {
                case "--quick":
                    isQuick = true;
                    break;
                case "--only" when index + 1 < arguments.Length:
                    only = arguments[++index];
                    break;
                case "--rounds" when index + 1 < arguments.Length && int.TryParse(arguments[++index], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1000:
                    rounds = count;
                    break;
                default:
                    return null;
            }
        }

        return new(rounds ?? (isQuick ? QuickRounds : FullRounds), isQuick, only);
    }

    /// <summary>Whether a comparison is to be measured.</summary>
    public bool Includes(string name) => Only is null || name.Contains(Only, StringComparison.OrdinalIgnoreCase);

    /// <summary>One turn: long in a full run, short in a quick one.</summary>
    public TimeSpan Turn(double fullSeconds) => TimeSpan.FromSeconds(IsQuick ? Math.Clamp(fullSeconds / 4, 0.2, 0.5) : fullSeconds);
}
