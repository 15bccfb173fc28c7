using System.Buffers;

namespace BlindAI.Protocol.Models;

/// <summary>The one spelling of a SHA-256: 64 lower hexadecimal digits.</summary>
internal static class Sha256Text
{
    private const int Length = 64;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static bool Holds(ReadOnlySpan<char> text) => text.Length == Length && !text.ContainsAnyExcept(Digits);
}
