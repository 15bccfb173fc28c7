using System.Text.Json;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>An inference answer as a client reads it. Its tensors view the received bytes without copies.</summary>
public sealed record InferenceResponse
{
    /// <summary>The model that answered.</summary>
    public required string ModelName { get; init; }

    /// <summary>Its version.</summary>
    public required string ModelVersion { get; init; }

    /// <summary>The outputs, in the answer's order.</summary>
    public required IReadOnlyList<NamedTensor> Outputs { get; init; }

    /// <summary>Reads an answer whose outputs are all in binary, as this client asks for.</summary>
    /// <param name="body">The received body; the tensors keep it alive.</param>
    /// <param name="headerLength">Bytes of JSON, from <c>Inference-Header-Content-Length</c>; the whole body when the header is absent.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.ResponseMalformed"/>.</exception>
    public static InferenceResponse Parse(ReadOnlyMemory<byte> body, int? headerLength)
    {
        if (headerLength is < 0 || headerLength > body.Length)
        {
            throw Malformed("its header length is not inside the body");
        }

        var json = body[..(headerLength ?? body.Length)];
        var rest = body[json.Length..];
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = ProtocolLimits.MaxJsonDepth });
            var root = document.RootElement;
            var outputs = new List<NamedTensor>();
            foreach (var output in root.GetProperty("outputs").EnumerateArray())
            {
                outputs.Add(ReadOutput(output, ref rest));
            }

            return rest.IsEmpty
                ? new() { ModelName = ReadText(root, "model_name"u8), ModelVersion = ReadText(root, "model_version"u8), Outputs = outputs }
                : throw Malformed("bytes follow its tensors");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Malformed("its JSON is not that of an inference answer", exception);
        }
        catch (ServingException exception) when (exception.Code != ServingCode.ResponseMalformed)
        {
            throw Malformed("a tensor does not fit its shape", exception);
        }
    }

    // GetString gives null for a JSON null, which is no text.
    private static string ReadText(JsonElement element, ReadOnlySpan<byte> member) =>
        element.GetProperty(member).GetString() ?? throw Malformed("a name in it is null");

    private static NamedTensor ReadOutput(JsonElement output, ref ReadOnlyMemory<byte> rest)
    {
        var name = ReadText(output, "name"u8);
        var datatype = TensorDatatypes.Find(ReadText(output, "datatype"u8)) ?? throw Malformed("an output has an unknown datatype");
        var shape = new TensorShape(output.GetProperty("shape").EnumerateArray().Select(dimension => dimension.GetInt64()).ToArray());
        var size = output.GetProperty("parameters").GetProperty("binary_data_size").GetInt32();
        if (size < 0 || size > rest.Length)
        {
            throw Malformed("an output runs past the end of the body");
        }

        var data = rest[..size];
        rest = rest[size..];
        return new(name, new Tensor(datatype, shape, data));
    }

    private static ServingException Malformed(string why, Exception? inner = null) =>
        new(ServingCode.ResponseMalformed, $"The server's answer cannot be read: {why}.", innerException: inner);
}
