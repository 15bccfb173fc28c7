using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>Encodes spans for a collector. Times are in whole milliseconds: finer ones would tell about inputs.</summary>
/// <remarks>Source: OpenTelemetry Protocol 1.x, OTLP/HTTP with JSON encoding (ExportTraceServiceRequest; 64-bit integers are strings, ids hexadecimal).</remarks>
internal static class OtlpJson
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    public static byte[] Encode(IEnumerable<Activity> spans, TeeKind tee)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteStartArray("resourceSpans");
        writer.WriteStartObject();
        writer.WriteStartObject("resource");
        writer.WriteStartArray("attributes");
        WriteAttribute(writer, "service.name", "blindai-server");
        WriteAttribute(writer, "service.version", MetadataEndpoints.ServerVersion);
        WriteAttribute(writer, "blindai.tee", tee.Name);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteStartArray("scopeSpans");
        writer.WriteStartObject();
        writer.WriteStartObject("scope");
        writer.WriteString("name", InferenceTrace.SourceName);
        writer.WriteEndObject();
        writer.WriteStartArray("spans");
        foreach (var span in spans)
        {
            Write(writer, span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, Activity span)
    {
        writer.WriteStartObject();
        writer.WriteString("traceId", span.TraceId.ToHexString());
        writer.WriteString("spanId", span.SpanId.ToHexString());
        if (span.ParentSpanId != default)
        {
            writer.WriteString("parentSpanId", span.ParentSpanId.ToHexString());
        }

        writer.WriteString("name", span.OperationName);
        writer.WriteNumber("kind", (int)span.Kind + 1);                     // OTLP counts from SPAN_KIND_INTERNAL = 1, in the same order
        writer.WriteString("startTimeUnixNano", Nanoseconds(span.StartTimeUtc));
        writer.WriteString("endTimeUnixNano", Nanoseconds(span.StartTimeUtc + span.Duration));
        writer.WriteStartArray("attributes");
        foreach (var (key, value) in span.EnumerateTagObjects())
        {
            WriteAttribute(writer, key, value);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("status");
        if (span.Status != ActivityStatusCode.Unset)
        {
            writer.WriteNumber("code", (int)span.Status);                   // STATUS_CODE_OK = 1, STATUS_CODE_ERROR = 2
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteAttribute(Utf8JsonWriter writer, string key, object? value)
    {
        writer.WriteStartObject();
        writer.WriteString("key", key);
        writer.WriteStartObject("value");
        if (value is long number)
        {
            writer.WriteString("intValue", number.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteString("stringValue", (string?)value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string Nanoseconds(DateTime instant) =>
        (new DateTimeOffset(instant).ToUnixTimeMilliseconds() * NanosecondsPerMillisecond).ToString(CultureInfo.InvariantCulture);
}
