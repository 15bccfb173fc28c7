using System.Text.Json;

namespace BlindAI.Protocol.Inference;

/// <summary>Turns the JSON reader's complaint into ours: where, but not what, since the text around a fault is the caller's data.</summary>
public static class JsonFault
{
    /// <summary><see cref="ServingCode.NumberNotFinite"/> where a NaN or an infinity stands, else <see cref="ServingCode.RequestMalformed"/>.</summary>
    /// <param name="exception">The complaint.</param>
    /// <param name="utf8">The text that was read.</param>
    /// <param name="subject">What the message calls the text.</param>
    public static ServingException Explain(JsonException exception, ReadOnlySpan<byte> utf8, string subject = "The request")
    {
        ArgumentNullException.ThrowIfNull(exception);
        var line = exception.LineNumber ?? 0;
        var column = exception.BytePositionInLine ?? 0;
        return IsNonFiniteLiteral(At(utf8, line, column))
            ? NotFinite($"{subject} has a NaN or an infinity at line {line + 1}.")
            : new ServingException(ServingCode.RequestMalformed, $"{subject} is not well-formed JSON at line {line + 1}, byte {column + 1}.");
    }

    internal static ServingException NotFinite(string message) =>
        new(ServingCode.NumberNotFinite, message, "JSON has no such numbers; send this tensor as binary data.");

    private static ReadOnlySpan<byte> At(ReadOnlySpan<byte> utf8, long line, long column)
    {
        for (; line > 0 && utf8.IndexOf((byte)'\n') is >= 0 and var end; line--)
        {
            utf8 = utf8[(end + 1)..];
        }

        return column < utf8.Length ? utf8[(int)column..] : default;
    }

    // The reader stops at the first letter, or behind the minus sign, of what Triton's clients may write.
    private static bool IsNonFiniteLiteral(ReadOnlySpan<byte> rest) =>
        rest.StartsWith("NaN"u8) || rest.StartsWith("Inf"u8) || rest.StartsWith("-Inf"u8) || rest.StartsWith("aN"u8) || rest.StartsWith("nf"u8);
}
