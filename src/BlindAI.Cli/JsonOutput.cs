using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace BlindAI.Cli;

/// <summary>Writes the one JSON document that a command prints, indented, in UTF-8, with a line feed at its end.</summary>
internal static class JsonOutput
{
    // Unsafe only inside HTML, and this document never stands there: quotes in messages stay readable.
    private static readonly JsonWriterOptions Format = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(TextWriter output, Action<Utf8JsonWriter> write) => output.Write(Encoding.UTF8.GetString(Encode(write)));

    /// <summary>Writes a message of the protocol exactly as the protocol has it.</summary>
    public static void Write<T>(TextWriter output, T message, JsonTypeInfo<T> type) => Write(output, writer => JsonSerializer.Serialize(writer, message, type));

    /// <summary>The document as bytes, for files.</summary>
    public static byte[] Encode(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Format))
        {
            write(writer);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
