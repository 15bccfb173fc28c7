using System.Text.Json;

namespace BlindAI.Testing;

/// <summary>A span as a collector of traces receives it.</summary>
public sealed record CollectedSpan
{
    public required string Name { get; init; }

    public required string TraceId { get; init; }

    public required string SpanId { get; init; }

    public required string? ParentSpanId { get; init; }

    public required int Kind { get; init; }

    public required int Status { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long Start { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long End { get; init; }

    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    /// <summary>Reads an ExportTraceServiceRequest in JSON.</summary>
    public static IReadOnlyList<CollectedSpan> ParseAll(string body)
    {
        using var document = JsonDocument.Parse(body);
        return [.. document.RootElement.GetProperty("resourceSpans").EnumerateArray()
            .SelectMany(resource => resource.GetProperty("scopeSpans").EnumerateArray())
            .SelectMany(scope => scope.GetProperty("spans").EnumerateArray())
            .Select(Parse)];
    }

    private static CollectedSpan Parse(JsonElement span) => new()
    {
        Name = span.GetProperty("name").GetString()!,
        TraceId = span.GetProperty("traceId").GetString()!,
        SpanId = span.GetProperty("spanId").GetString()!,
        ParentSpanId = span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() : null,
        Kind = span.GetProperty("kind").GetInt32(),
        Status = span.GetProperty("status").TryGetProperty("code", out var code) ? code.GetInt32() : 0,
        Start = long.Parse(span.GetProperty("startTimeUnixNano").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
        End = long.Parse(span.GetProperty("endTimeUnixNano").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
        Attributes = span.GetProperty("attributes").EnumerateArray().ToDictionary(
            attribute => attribute.GetProperty("key").GetString()!,
            attribute => attribute.GetProperty("value").EnumerateObject().Single().Value.GetString()!),
    };
}
