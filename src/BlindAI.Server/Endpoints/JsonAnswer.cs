using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BlindAI.Protocol;

namespace BlindAI.Server.Endpoints;

/// <summary>Writes a plain message as bare <c>application/json</c>: KServe's client compares the whole header.</summary>
internal static class JsonAnswer
{
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.ContentType = MediaTypes.Json;
        context.Response.ContentLength = json.Length;
        return context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }
}
