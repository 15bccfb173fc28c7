using System.Globalization;

namespace BlindAI.Bench.Engine.Report;

/// <summary>What was aimed at, and what was reached.</summary>
/// <param name="What">The quantity.</param>
/// <param name="IsMost">Whether <paramref name="Bound"/> is the most that it may be, not the least.</param>
/// <param name="Bound">The goal.</param>
/// <param name="Unit">What the numbers are in; empty for ratios.</param>
/// <param name="Reached">What was measured; null when it was not.</param>
/// <param name="Note">Which of several this is.</param>
internal sealed record Goal(string What, bool IsMost, double Bound, string Unit, double? Reached, string Note)
{
    public bool? IsMet => Reached is { } value ? (IsMost ? value <= Bound : value >= Bound) : null;

    public string Aim => $"at {(IsMost ? "most" : "least")} {Format(Bound)}";

    public string Result => (Reached is { } value ? Format(value) : "not measured") + (Note.Length == 0 ? "" : $" ({Note})");

    public string Verdict => IsMet switch
    {
        true => "yes",
        false => "**no**",
        null => "–",
    };

    public static Goal AtMost(string what, double bound, double? reached, string note = "", string unit = "") => new(what, IsMost: true, bound, unit, reached, note);

    public static Goal AtLeast(string what, double bound, double? reached, string note = "", string unit = "") => new(what, IsMost: false, bound, unit, reached, note);

    private string Format(double value) => (Unit.Length == 0 ? value.ToString("0.00#", CultureInfo.InvariantCulture) : value.ToString("0.##", CultureInfo.InvariantCulture) + " ") + Unit;
}
