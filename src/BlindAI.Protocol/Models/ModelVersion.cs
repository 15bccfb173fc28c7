using System.Globalization;

namespace BlindAI.Protocol.Models;

/// <summary>A model's version: a positive integer, written in decimal without leading zeros.</summary>
public static class ModelVersion
{
    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static int Parse(string text) => TryParse(text, out var version)
        ? version
        : throw new ServingException(ServingCode.NameInvalid, "The model version is not valid.", "versions are 1 to 2147483647, without leading zeros.");

    /// <summary>Reads a version; false when the text breaks the rule.</summary>
    public static bool TryParse(string? text, out int version) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out version) && version > 0 && text![0] != '0';
}
