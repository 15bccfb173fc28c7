using System.Globalization;

namespace BlindAI.Cli;

/// <summary>Makes text from elsewhere fit for a terminal.</summary>
internal static class Printable
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Replaces control characters: a server's text must not move the cursor or forge a line.</summary>
    public static string Clean(string text) => text.Any(char.IsControl)
        ? string.Create(text.Length, text, static (span, source) =>
        {
            for (var index = 0; index < span.Length; index++)
            {
                span[index] = char.IsControl(source[index]) ? '?' : source[index];
            }
        })
        : text;

    /// <summary>A number of bytes with a unit, such as <c>1.4 MiB</c>.</summary>
    public static string Bytes(long count)
    {
        double value = count;
        var unit = 0;
        for (; value >= 1024 && unit < Units.Length - 1; unit++)
        {
            value /= 1024;
        }

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>An instant as RFC 3339 in UTC, in whole seconds.</summary>
    public static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
