using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace BlindAI.Protocol.Models;

/// <summary>The path of a file in a bundle: segments <c>[A-Za-z0-9_][A-Za-z0-9._-]*</c> joined by <c>/</c>, at most 255 characters.</summary>
/// <remarks>
/// The rule leaves no way to write the same path twice, to leave the bundle (<c>..</c>, a leading <c>/</c>), or to need escaping in a manifest.
/// Bundle paths sort as their bytes do.
/// </remarks>
public sealed record BundlePath : IComparable<BundlePath>
{
    /// <summary>Most characters of a path: what the ustar format can name.</summary>
    public const int MaxLength = 255;

    private const string FirstCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    private static readonly SearchValues<char> First = SearchValues.Create(FirstCharacters);

    private static readonly SearchValues<char> Others = SearchValues.Create(FirstCharacters + ".-");

    private BundlePath(string value) => Value = value;

    /// <summary>The path of a bundle's only file, whatever it was called where it came from.</summary>
    public static BundlePath SingleModel { get; } = new("model.onnx");

    /// <summary>The path as text.</summary>
    public string Value { get; }

    /// <summary>The folder with its closing <c>/</c>; empty for a file at the top.</summary>
    public string FolderPrefix => Value[..(Value.LastIndexOf('/') + 1)];

    /// <summary>The folders that it lies in, from the top: <c>a</c> and <c>a/b</c> for <c>a/b/c</c>.</summary>
    public IEnumerable<string> Folders
    {
        get
        {
            for (var slash = Value.IndexOf('/'); slash >= 0; slash = Value.IndexOf('/', slash + 1))
            {
                yield return Value[..slash];
            }
        }
    }

    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>.</exception>
    public static BundlePath Parse(string text) => TryParse(text, out var path)
        ? path
        : throw new ServingException(ServingCode.BundleInvalid, "A path in the bundle is not valid.",
            "name files with letters, digits, '_', '.' and '-', beginning with a letter, digit or '_'; dot files and '..' are refused.");

    /// <summary>Reads a path; false when the text breaks the rule.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out BundlePath? path)
    {
        path = text is { Length: > 0 and <= MaxLength } && Holds(text) ? new BundlePath(text) : null;
        return path is not null;
    }

    /// <summary>Orders by bytes.</summary>
    public int CompareTo(BundlePath? other) => string.CompareOrdinal(Value, other?.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Orders by bytes.</summary>
    public static bool operator <(BundlePath left, BundlePath right) => Comparer<BundlePath>.Default.Compare(left, right) < 0;

    /// <summary>Orders by bytes.</summary>
    public static bool operator >(BundlePath left, BundlePath right) => Comparer<BundlePath>.Default.Compare(left, right) > 0;

    /// <summary>Orders by bytes.</summary>
    public static bool operator <=(BundlePath left, BundlePath right) => !(left > right);

    /// <summary>Orders by bytes.</summary>
    public static bool operator >=(BundlePath left, BundlePath right) => !(left < right);

    private static bool Holds(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('/'))
        {
            var segment = text[range];
            if (segment.IsEmpty || !First.Contains(segment[0]) || segment.ContainsAnyExcept(Others))
            {
                return false;
            }
        }

        return true;
    }
}
