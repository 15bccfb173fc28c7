using System.Buffers;
using System.Collections.Immutable;

namespace BlindAI.Attestation.Policy;

/// <summary>The form of pinned models: <c>namespace/model</c>, and digests as <c>sha256:</c> with 64 lower-case hexadecimal digits.</summary>
internal static class ModelPins
{
    private const string DigestPrefix = "sha256:";
    private const int MaxNameLength = 128;
    private const string Alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(Alphanumerics + "._-");

    public static bool IsModel(string text) => text.Split('/') is [var space, var name] && IsName(space) && IsName(name);

    public static bool IsDigest(string text) =>
        text.StartsWith(DigestPrefix, StringComparison.Ordinal) && HexValue.TryParse(text[DigestPrefix.Length..])?.Bytes.Length == PolicySizes.Sha256;

    /// <summary>Copies pins that were given in code, sorted by name.</summary>
    public static ImmutableSortedDictionary<string, IReadOnlyList<string>> Copy(IReadOnlyDictionary<string, IReadOnlyList<string>> pins)
    {
        if (!pins.Keys.All(IsModel) || !pins.Values.All(digests => digests.All(IsDigest)))
        {
            throw new ArgumentException("Models are \"namespace/model\", digests \"sha256:\" and 64 lower-case hexadecimal digits.", nameof(pins));
        }

        return pins.ToImmutableSortedDictionary(pin => pin.Key, pin => PolicyGuard.List(pin.Value), StringComparer.Ordinal);
    }

    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept(NameCharacters);
}
