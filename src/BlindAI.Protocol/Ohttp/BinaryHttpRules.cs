using System.Buffers;

namespace BlindAI.Protocol.Ohttp;

/// <summary>What the parts of a head may hold, for reading and writing alike.</summary>
/// <remarks>
/// Source: RFC 9110, sections 4.2.1, 5.1, 5.5, 5.6.2 and 9.1; RFC 9292, section 3.6 (lower-case names, no pseudo-headers). Field values may hold bytes from 0x80 (obs-text), read as Latin-1.
/// </remarks>
internal static class BinaryHttpRules
{
    private const string Symbols = "!#$%&'*+-.^_`|~0123456789";
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static readonly SearchValues<char> Token = SearchValues.Create(Symbols + Lower + Upper);
    private static readonly SearchValues<char> LowerToken = SearchValues.Create(Symbols + Lower);
    private static readonly SearchValues<char> Scheme = SearchValues.Create("+-.0123456789" + Lower);

    // A host, an IPv6 literal in brackets, a port: no user information, no path.
    private static readonly SearchValues<char> Authority = SearchValues.Create("-._~!$&'()*+,;=%:[]0123456789" + Lower + Upper);

    public static bool IsMethod(ReadOnlySpan<char> text) => text.Length is > 0 and <= BinaryHttpLimits.MaxMethodLength && !text.ContainsAnyExcept(Token);

    public static bool IsScheme(ReadOnlySpan<char> text) => text.Length is > 0 and <= BinaryHttpLimits.MaxSchemeLength && !text.ContainsAnyExcept(Scheme);

    public static bool IsAuthority(ReadOnlySpan<char> text) => text.Length <= BinaryHttpLimits.MaxAuthorityLength && !text.ContainsAnyExcept(Authority);

    // Visible ASCII that begins with a slash; no fragment.
    public static bool IsPath(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= BinaryHttpLimits.MaxPathLength && text[0] == '/' && !text.ContainsAnyExceptInRange('!', '~') && !text.Contains('#');

    public static bool IsFieldName(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept(LowerToken);

    public static bool IsFieldValue(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (character is < ' ' and not '\t' or '\x7F' or > '\xFF')
            {
                return false;
            }
        }

        return text is [] or [not (' ' or '\t'), ..] && text is [] or [.., not (' ' or '\t')];
    }
}
