using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace BlindAI.Protocol.Models;

/// <summary>What a model is, in one line: <c>sha256:</c> and the SHA-256 of its manifest as 64 lower hexadecimal digits.</summary>
public sealed record ModelDigest
{
    /// <summary>What the text begins with.</summary>
    public const string Prefix = "sha256:";

    private ModelDigest(string value) => Value = value;

    /// <summary>The digest as text.</summary>
    public string Value { get; }

    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public static ModelDigest Parse(string text) => TryParse(text, out var digest)
        ? digest
        : throw new ServingException(ServingCode.RequestMalformed, "The model digest is not valid.", "write \"sha256:\" and 64 lower hexadecimal digits.");

    /// <summary>Reads a digest; false when the text is anything but the one form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelDigest? digest)
    {
        digest = text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && Sha256Text.Holds(text.AsSpan(Prefix.Length))
            ? new ModelDigest(text)
            : null;
        return digest is not null;
    }

    /// <summary>The digest of a manifest's text.</summary>
    internal static ModelDigest Of(ReadOnlySpan<byte> manifest) => new(Prefix + Convert.ToHexStringLower(SHA256.HashData(manifest)));

    /// <inheritdoc/>
    public override string ToString() => Value;
}
