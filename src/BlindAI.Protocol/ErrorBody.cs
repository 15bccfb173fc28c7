using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlindAI.Protocol;

/// <summary>The JSON body of every error: the protocol's <c>error</c> text with our <c>code</c> and <c>hint</c>.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 6.</remarks>
public sealed record ErrorBody(string Error, int Code, string? Hint)
{
    /// <summary>Writes the body.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("error"u8, Escape(Error));
        writer.WriteNumber("code"u8, Code);
        if (Hint is not null)
        {
            writer.WriteString("hint"u8, Escape(Hint));
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>Reads the body; null when it is not one of ours, as from something that stands in between.</summary>
    public static ErrorBody? TryParse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("error"u8, out var error) && error.ValueKind == JsonValueKind.String
                && root.TryGetProperty("code"u8, out var code) && code.TryGetInt32(out var number)
                ? new(error.GetString()!, number, root.TryGetProperty("hint"u8, out var hint) && hint.ValueKind == JsonValueKind.String ? hint.GetString() : null)
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Relaxed escaping is unsafe only inside HTML, and this body is never HTML: quotes in messages stay readable. Lone surrogates become U+FFFD on the way.
    private static JsonEncodedText Escape(string text) => JsonEncodedText.Encode(Encoding.UTF8.GetBytes(text), JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
