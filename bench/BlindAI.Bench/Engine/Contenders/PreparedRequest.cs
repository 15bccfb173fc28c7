using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using BlindAI.Protocol;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>A request whose bytes are made once and sent many times, and how its answer is read.</summary>
internal sealed record PreparedRequest(string Path, byte[] Body, string ContentType, int? HeaderLength, Func<HttpResponseMessage, byte[], float[]> Read)
{
    /// <summary>The protocol's JSON with binary tensors after it.</summary>
    public static PreparedRequest Binary(Workload workload, string suffix = "")
    {
        var header = InferenceRequestEncoder.EncodeHeader(workload.Inputs, new());
        byte[] body = [.. header.Span, .. workload.Inputs.SelectMany(input => input.Tensor.Data.ToArray())];
        return new(InferPath(workload, suffix), body, MediaTypes.OctetStream, header.Length, (response, answer) =>
        {
            var length = int.Parse(response.Headers.GetValues(HeaderNames.InferenceHeaderContentLength).Single(), CultureInfo.InvariantCulture);
            return InferenceResponse.Parse(answer, length).Outputs.Single(output => output.Name == workload.Output).Tensor.ToArray<float>();
        });
    }

    /// <summary>The protocol's JSON with numbers as text.</summary>
    public static PreparedRequest Json(Workload workload)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("inputs");
            foreach (var input in workload.Inputs)
            {
                WriteInput(writer, input);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return new(InferPath(workload, ""), buffer.WrittenSpan.ToArray(), MediaTypes.Json, null, static (_, answer) =>
        {
            using var document = JsonDocument.Parse(answer);
            return [.. document.RootElement.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(number => number.GetSingle())];
        });
    }

    /// <summary>The tensors' bytes one after another and nothing else, answered in the same way.</summary>
    public static PreparedRequest Bare(Workload workload, string path) =>
        new(path, [.. workload.Inputs.SelectMany(input => input.Tensor.Data.ToArray())], MediaTypes.OctetStream, null, (_, answer) => MemoryMarshal.Cast<byte, float>(answer.AsSpan()).ToArray());

    /// <summary>The same bytes to somebody who runs no model.</summary>
    public PreparedRequest To(string path) => this with { Path = path, Read = static (_, _) => [] };

    /// <summary>A message to send once.</summary>
    public HttpRequestMessage MakeMessage(Version version)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Body) { Headers = { ContentType = new MediaTypeHeaderValue(ContentType) } },
        };
        if (HeaderLength is { } length)
        {
            message.Headers.Add(HeaderNames.InferenceHeaderContentLength, length.ToString(CultureInfo.InvariantCulture));
        }

        return message;
    }

    private static string InferPath(Workload workload, string suffix) => $"{Routes.Models}/{workload.Model}{suffix}/infer";

    private static void WriteInput(Utf8JsonWriter writer, NamedTensor input)
    {
        writer.WriteStartObject();
        writer.WriteString("name", input.Name);
        writer.WriteString("datatype", input.Tensor.Datatype.WireName());
        writer.WriteStartArray("shape");
        foreach (var dimension in input.Tensor.Shape)
        {
            writer.WriteNumberValue(dimension);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data");
        if (input.Tensor.Datatype == TensorDatatype.Int64)
        {
            foreach (var number in input.Tensor.AsSpan<long>())
            {
                writer.WriteNumberValue(number);
            }
        }
        else
        {
            foreach (var number in input.Tensor.AsSpan<float>())
            {
                writer.WriteNumberValue(number);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
