using System.Net;
using System.Text.Json;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Server.Hosting;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>Evidence on request: the one path that an unverified server is ever asked.</summary>
/// <remarks>Source: docs/attestation.md, clause 3.</remarks>
internal static class AttestationEndpoints
{
    private const int MaxRequestBytes = 4096;

    // Static evidence changes only with the process.
    private const string StaticCacheControl = "max-age=60";

    public static void MapAttestation(this WebApplication app)
    {
        var evidence = app.Services.GetRequiredService<EvidenceSource>();
        var metrics = app.Services.GetRequiredService<ServerMetrics>();
        app.MapPost(Routes.Attestation, (RequestDelegate)(async context =>
        {
            var (nonce, wantsBinder) = await ReadRequestAsync(context);
            var binder = wantsBinder ? OwnEnd.TakeBinder(context.Features) : null;
            var value = await evidence.ProveAsync(nonce, binder, context.Connection.RemoteIpAddress ?? IPAddress.None, context.RequestAborted);
            metrics.EvidenceMade();
            context.Response.Headers.CacheControl = "no-store";
            await WriteAsync(context, value);
        }));
        app.MapGet(Routes.Attestation, (RequestDelegate)(async context =>
        {
            context.Response.Headers.CacheControl = StaticCacheControl;
            await WriteAsync(context, await evidence.DescribeAsync());
        }));
    }

    private static async Task<(Nonce Nonce, bool WantsBinder)> ReadRequestAsync(HttpContext context)
    {
        var buffer = new byte[MaxRequestBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        return length <= MaxRequestBytes
            ? ParseRequest(buffer.AsSpan(0, length))
            : throw new ServingException(ServingCode.RequestTooLarge, $"A request for evidence has at most {MaxRequestBytes} bytes.");
    }

    private static (Nonce Nonce, bool WantsBinder) ParseRequest(ReadOnlySpan<byte> utf8)
    {
        try
        {
            Nonce? nonce = null;
            bool? wantsBinder = null;
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Malformed();
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                switch (name)
                {
                    case "nonce" when nonce is null && reader.TokenType == JsonTokenType.String && StrictBase64Url.TryDecode(reader.ValueSpan, out var bytes):
                        nonce = Nonce.Parse(bytes);
                        break;
                    case "binder" when wantsBinder is null && reader.TokenType is JsonTokenType.False or JsonTokenType.True:
                        wantsBinder = reader.GetBoolean();
                        break;
                    case "accept":
                        // A wish; the evidence names its own type and the client judges it.
                        reader.Skip();
                        break;
                    default:
                        throw Malformed();
                }
            }

            return nonce is not null && !reader.Read() ? (nonce, wantsBinder ?? false) : throw Malformed();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Malformed();
        }
    }

    private static ServingException Malformed() =>
        new(ServingCode.RequestMalformed, "A request for evidence is {\"nonce\": base64url of 32 to 64 random bytes}.");

    private static async Task WriteAsync(HttpContext context, EvidenceObject value)
    {
        var wantsCbor = context.Request.Headers.Accept.Any(accept => accept?.Contains(MediaTypes.Cbor, StringComparison.OrdinalIgnoreCase) == true);
        var encoded = wantsCbor ? EvidenceObjectCbor.Encode(value) : EvidenceObjectJson.Encode(value);
        context.Response.ContentType = wantsCbor ? MediaTypes.Cbor : MediaTypes.Json;
        context.Response.ContentLength = encoded.Length;
        await context.Response.Body.WriteAsync(encoded, context.RequestAborted);
    }
}
