using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace BlindAI.Protocol.Models;

/// <summary>The one rule for names that travel in paths and headers.</summary>
internal static class NameRule
{
    private const int MaxLength = 128;

    private const string Alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly SearchValues<char> First = SearchValues.Create(Alphanumerics);

    private static readonly SearchValues<char> Others = SearchValues.Create(Alphanumerics + "._-");

    public static bool Holds([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxLength } && First.Contains(text[0]) && !text.AsSpan().ContainsAnyExcept(Others);
}
