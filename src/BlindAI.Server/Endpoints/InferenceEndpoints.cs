using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using BlindAI.Server.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Endpoints;

/// <summary>Inference: decode, find the model, run, encode.</summary>
/// <remarks>Source: Open Inference Protocol v2 with Triton's binary tensor data extension; docs/wire-protocol.md, clause 5.</remarks>
internal sealed class InferenceEndpoints(ModelCatalogue catalogue, InferenceService inference, RequestMemory requestMemory, TrustConfiguration limits, ServerMetrics metrics, TimeProvider clock, ILogger<InferenceEndpoints> logger)
{
    /// <summary>Up to so many bytes, the JSON of an answer fits what threads and connections keep anyway.</summary>
    private const int SmallJson = 64 * 1024;

    /// <summary>Memory for a byte of JSON: in a buffer that doubles, the old one and the new one with its free half.</summary>
    private const int JsonWeight = 3;

    public async Task InferAsync(HttpContext context)
    {
        var started = clock.GetTimestamp();
        var request = context.Request;
        CheckHead(request);
        using var memory = requestMemory.Reserve(context);
        using var lease = await catalogue.AcquireAsync(request.Namespace(), request.ModelName(), request.ModelVersion(), context.RequestAborted);
        using var decoded = await ReadAsync(context, lease.Description, memory);
        using var outputs = await inference.RunAsync(lease, decoded, Callers.Of(context.Connection.RemoteIpAddress), memory, context.RequestAborted);
        var answer = new InferenceResponseEncoder(decoded.Header, lease.Description.Name.Value, lease.Description.Version, outputs.Tensors);
        CountJson(answer.MaxJsonData, memory);
        await WriteAsync(context, lease.Description, answer);
        var elapsed = clock.GetElapsedTime(started);
        metrics.InferenceAnswered(elapsed);
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ServerLog.ModelRan(logger, lease.Description.Namespace.Value, lease.Description.Name.Value, lease.Description.Version,
                string.Join(' ', decoded.Inputs.Select(input => input.Tensor)), Math.Round(elapsed.TotalMilliseconds));
        }
    }

    // Tensors in JSON are several times as large, and all of it is in memory before its length is known.
    private void CountJson(long bytes, MemoryReservation memory)
    {
        if (bytes <= SmallJson)
        {
            return;
        }

        if (bytes > limits.MaxInFlightBytes / JsonWeight)
        {
            throw new ServingException(ServingCode.ResponseTooLarge, "The tensors of the answer take more memory in JSON than the server has for requests.", "ask for them with \"binary_data\": true.");
        }

        memory.Grow(bytes * JsonWeight);
    }

    private void CheckHead(HttpRequest request)
    {
        var limit = limits.Protocol.MaxRequestBytes;
        if (request.ContentLength > limit)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"The request is over the limit of {limit} bytes.", "send fewer tensors at once, or ask the operator for a higher limit.");
        }

        if (request.Headers.ContainsKey(HeaderNames.Receipt))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "This server signs no receipts yet.", $"leave {HeaderNames.Receipt} out.");
        }

        // Bytes on the wire are bounded as well as those they expand to: an endless compressed nothing would otherwise never end. Twice the limit,
        // since the frames of a chunked body count here, and a body of exactly the limit may come in chunks.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 2L * limit;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DecodedRequest> ReadAsync(HttpContext context, ModelDescription model, MemoryReservation memory)
    {
        var request = context.Request;
        var body = new InferenceBodyReader(Decompress(context), limits.Protocol)
        {
            BodyLength = request.Headers.ContentEncoding.Count == 0 ? request.ContentLength : null,
            Receiving = memory.Grow,
            Time = clock,
            Check = input => model.Signature.CheckInput(input.Name, input.Datatype, input.Shape),
        };
        if (!request.Headers.TryGetValue(HeaderNames.InferenceHeaderContentLength, out var header))
        {
            return await body.ReadJsonAsync(context.RequestAborted);
        }

        if (!int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            throw new ServingException(ServingCode.RequestMalformed, $"{HeaderNames.InferenceHeaderContentLength} is not a number of bytes.");
        }

        if (length > 0)
        {
            return await body.ReadBinaryAsync(length, context.RequestAborted);
        }

        return model.Signature.SoleInput is { } only
            ? await body.ReadRawAsync(only.Name, only.Datatype, only.Shape, context.RequestAborted)
            : throw new ServingException(ServingCode.TensorMissing, $"The model has {model.Signature.Inputs.Count} inputs; a raw request can carry one.", "send JSON with binary data.");
    }

    private static PipeReader Decompress(HttpContext context)
    {
        var body = context.Request.Body;
        switch (((string?)context.Request.Headers.ContentEncoding)?.ToLowerInvariant())
        {
            case null or "" or "identity":
                return context.Request.BodyReader;
            case "gzip":
                return Read(new GZipStream(body, CompressionMode.Decompress));
            case "deflate":
                // The protocol's "deflate" is the zlib container (RFC 9110 section 8.4.1.2).
                return Read(new ZLibStream(body, CompressionMode.Decompress));
            default:
                throw new ServingException(ServingCode.EncodingUnsupported, "The content encoding is not offered.", "use gzip, deflate or none.");
        }

        PipeReader Read(Stream stream)
        {
            context.Response.RegisterForDispose(stream);
            return PipeReader.Create(stream);
        }
    }

    private async Task WriteAsync(HttpContext context, ModelDescription model, InferenceResponseEncoder answer)
    {
        var response = context.Response;
        response.Headers[HeaderNames.ModelDigest] = model.Digest.Value;
        var json = JsonScratch.Write(answer);
        response.ContentLength = json.Length + answer.BinaryLength;
        response.ContentType = answer.BinaryLength == 0 ? MediaTypes.Json : MediaTypes.OctetStream;
        if (answer.BinaryLength > 0)
        {
            response.Headers[HeaderNames.InferenceHeaderContentLength] = json.Length.ToString(CultureInfo.InvariantCulture);
        }

        var writer = response.BodyWriter;
        writer.Write(json.Span);
        for (var index = 0; index < answer.Count; index++)
        {
            var section = answer.BinarySection(index);
            TensorCopies.Add(section.Length);
            while (!section.IsEmpty)
            {
                // In slices: an answer that nobody reads holds the memory of its tensors, and slices keep the pipe from copying a section whole.
                var slice = section[..Math.Min(AnswerSlices.Length, section.Length)];
                section = section[slice.Length..];
                writer.Write(slice.Span);
                if (!section.IsEmpty)
                {
                    await FlushAsync(writer, context.RequestAborted);
                }
            }
        }

        await FlushAsync(writer, context.RequestAborted);
    }

    // Kestrel's minimum data rate does not end a reader who reads nothing: what the network's buffers took at first buys hours.
    private ValueTask FlushAsync(PipeWriter writer, CancellationToken aborted)
    {
        var flush = writer.FlushAsync(aborted);
        return flush.IsCompletedSuccessfully ? Finish(flush.Result) : new(WaitAsync(flush.AsTask()));

        async Task WaitAsync(Task<FlushResult> pending)
        {
            try
            {
                await Finish(await pending.WaitAsync(AnswerSlices.Timeout, clock, aborted));
            }
            catch (TimeoutException)
            {
                throw new ServingException(ServingCode.DeadlineExceeded, "The caller does not read the answer.");
            }
        }

        ValueTask Finish(FlushResult result)
        {
            aborted.ThrowIfCancellationRequested();
            return result.IsCompleted ? throw new OperationCanceledException(aborted) : default;
        }
    }
}
