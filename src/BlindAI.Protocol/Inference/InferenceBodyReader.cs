using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>Reads the body of an inference request: JSON alone, JSON with binary sections, or the raw data of an only input.</summary>
/// <remarks>
/// Source: Open Inference Protocol v2 and Triton's binary tensor data extension. Which of the three it is, the
/// <c>Inference-Header-Content-Length</c> header decides, never the content type: clients send none, or the wrong one.
/// A binary section is copied once, from the network's blocks into the aligned memory that the engine reads.
/// </remarks>
/// <param name="pipe">The body.</param>
/// <param name="limits">The limits, counted as bytes arrive.</param>
public sealed class InferenceBodyReader(PipeReader pipe, ProtocolLimits limits)
{
    /// <summary>Refuses an input by what the JSON says of it, before memory is taken for its data; null accepts every one.</summary>
    public Action<InputDescription>? Check { get; init; }

    /// <summary>Told of the memory that arriving bytes take, before they are kept; it refuses by throwing.</summary>
    public Action<long>? Receiving { get; init; }

    /// <summary>The clock by which a body that stalls is given up; null waits for ever.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>Bytes of the whole body where they are stated: sections that cannot be in it are refused before memory is taken for them.</summary>
    public long? BodyLength { get; init; }

    /// <summary>Reads JSON that holds everything.</summary>
    /// <exception cref="ServingException">The 70x family.</exception>
    public async ValueTask<DecodedRequest> ReadJsonAsync(CancellationToken cancellationToken)
    {
        using var body = Bound();
        var (json, length) = await body.ReadToEndAsync(ProtocolLimits.JsonExpansion, cancellationToken).ConfigureAwait(false);
        using var owner = json;
        var header = InferenceRequestHeader.Parse(json.Memory.Span[..length], limits);
        if (header.Inputs.FirstOrDefault(input => input.BinarySize is not null) is { } input)
        {
            throw new ServingException(ServingCode.RequestMalformed, $"Input \"{input.Name}\" has \"binary_data_size\", and the request has no {HeaderNames.InferenceHeaderContentLength} header.",
                "state the bytes of the JSON in that header.");
        }

        return await AssembleAsync(header, json.Memory[..length], body: null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads JSON of a stated length and the binary sections behind it.</summary>
    /// <param name="headerLength">Bytes of the JSON.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServingException">The 70x family.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<DecodedRequest> ReadBinaryAsync(int headerLength, CancellationToken cancellationToken)
    {
        if (headerLength > limits.MaxHeaderBytes)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"The JSON in front of binary data is over the limit of {limits.MaxHeaderBytes} bytes.", "send large tensors as binary data, not in the JSON.");
        }

        using var body = Bound();
        using var json = new NativeBuffer(headerLength);
        await body.ReadExactlyAsync(json, ProtocolLimits.JsonExpansion, cancellationToken).ConfigureAwait(false);
        var header = InferenceRequestHeader.Parse(json.Memory.Span, limits);
        if (header.Inputs.Sum(input => (long)(input.BinarySize ?? 0)) is var sum && sum > limits.MaxRequestBytes)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"The binary data is over the limit of {limits.MaxRequestBytes} bytes.");
        }

        if (BodyLength is { } stated && stated - headerLength != sum)
        {
            throw new ServingException(ServingCode.RequestMalformed, $"Behind the JSON stand {stated - headerLength} bytes, and the tensors take {sum}.", "the sum of every \"binary_data_size\" is what follows the JSON.");
        }

        return await AssembleAsync(header, json.Memory, body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a body that is nothing but the data of the model's only input; every output comes back in binary.</summary>
    /// <param name="name">The only input's name.</param>
    /// <param name="datatype">Its datatype.</param>
    /// <param name="dimensions">Its dimensions, -1 where they vary: the first of several is the batch and taken as 1, one other is inferred.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServingException">The 70x family.</exception>
    public async ValueTask<DecodedRequest> ReadRawAsync(string name, TensorDatatype datatype, IReadOnlyList<long> dimensions, CancellationToken cancellationToken)
    {
        using var body = Bound();
        var (data, length) = await body.ReadToEndAsync(weight: 1, cancellationToken).ConfigureAwait(false);
        try
        {
            TensorCopies.Add(length);
            var tensor = new Tensor(datatype, InferShape(name, datatype, dimensions, length), data.Memory[..length]);
            var header = new InferenceRequestHeader { Inputs = [new(name, datatype, tensor.Shape, length, default)], BinaryOutputs = true };
            return new(header, [new(name, tensor)], [data]);
        }
        catch
        {
            ((IDisposable)data).Dispose();
            throw;
        }
    }

    private BoundedBody Bound() => new(pipe, limits.MaxRequestBytes, Time, Receiving);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<DecodedRequest> AssembleAsync(InferenceRequestHeader header, ReadOnlyMemory<byte> json, BoundedBody? body, CancellationToken cancellationToken)
    {
        var tensors = new NamedTensor[header.Inputs.Count];
        var buffers = new List<NativeBuffer>(tensors.Length);
        try
        {
            // Shapes first: a request that cannot be right is refused before memory is taken for its data.
            foreach (var input in header.Inputs)
            {
                Check?.Invoke(input);
                if (input.BinarySize is { } size)
                {
                    RequestRules.CheckSize(input, size, "\"binary_data_size\" says");
                }
            }

            for (var index = 0; index < tensors.Length; index++)
            {
                var input = header.Inputs[index];
                if (input.BinarySize is not { } size)
                {
                    tensors[index] = new(input.Name, JsonTensorReader.Read(input, json.Span[input.JsonData], limits, out var converted));
                    buffers.Add(converted);
                    continue;
                }

                var buffer = new NativeBuffer(size);
                buffers.Add(buffer);
                await body!.ReadExactlyAsync(buffer, weight: 1, cancellationToken).ConfigureAwait(false);
                TensorCopies.Add(size);
                RequestRules.CheckByteStrings(input, limits);
                tensors[index] = new(input.Name, new Tensor(input.Datatype, input.Shape, buffer.Memory));
            }

            if (body is not null)
            {
                await body.ExpectEndAsync(cancellationToken).ConfigureAwait(false);
            }

            return new(header, tensors, buffers);
        }
        catch
        {
            foreach (var buffer in buffers)
            {
                ((IDisposable)buffer).Dispose();
            }

            throw;
        }
    }

    private static TensorShape InferShape(string name, TensorDatatype datatype, IReadOnlyList<long> dimensions, int length)
    {
        var shape = dimensions.ToArray();
        var variable = shape.Count(dimension => dimension < 0);
        if (variable > 1 && shape[0] < 0)
        {
            shape[0] = 1;
            variable--;
        }

        if (variable > 1 || (datatype == TensorDatatype.Bytes && variable > 0 && shape.Length > 1))
        {
            throw new ServingException(ServingCode.ShapeInvalid, $"A raw request cannot say the shape of input \"{name}\", which has more than one variable dimension.", "send JSON with binary data.");
        }

        var free = Array.FindIndex(shape, dimension => dimension < 0);
        if (free >= 0)
        {
            shape[free] = 1;
            var unit = datatype.ElementSize() is { } size ? new TensorShape(shape).ByteCount(size) : length;
            shape[free] = unit > 0 ? length / unit : 0;
            if (datatype == TensorDatatype.Bytes)
            {
                shape[free] = 1;
            }
        }

        return new(shape);
    }
}
