namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>Text of strangers as it may stand in a message: short, and nothing that a terminal obeys.</summary>
internal static class Shown
{
    private const int MaxLength = 64;

    public static string Text(string text)
    {
        var clean = string.Concat(text.Take(MaxLength).Select(character => character is >= ' ' and < '\x7f' and not '"' ? character : '?'));
        return text.Length > MaxLength ? clean + "…" : clean;
    }
}
