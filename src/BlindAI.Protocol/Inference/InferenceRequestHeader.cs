using System.Text.Json;

namespace BlindAI.Protocol.Inference;

/// <summary>What an inference request says, without the tensors.</summary>
/// <remarks>Source: Open Inference Protocol v2, "Inference Request JSON Object", and Triton's binary tensor data extension.</remarks>
public sealed record InferenceRequestHeader
{
    /// <summary>The caller's id, echoed in the answer.</summary>
    public string? Id { get; init; }

    /// <summary>The inputs in the request's order, which is also that of the binary sections.</summary>
    public required IReadOnlyList<InputDescription> Inputs { get; init; }

    /// <summary>The outputs asked for; empty means all.</summary>
    public IReadOnlyList<RequestedOutput> Outputs { get; init; } = [];

    /// <summary>The names of the outputs asked for.</summary>
    public IReadOnlyList<string> OutputNames => Outputs.Count == 0 ? [] : [.. Outputs.Select(output => output.Name)];

    /// <summary>Whether outputs that do not say otherwise come in binary.</summary>
    public bool BinaryOutputs { get; init; }

    /// <summary>Longest time that the request may wait for the engine; null leaves it to the server.</summary>
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>The priority: 1 is the highest; 0 leaves it to the model.</summary>
    public ulong Priority { get; init; }

    /// <summary>The model digests that the caller accepts; empty when any will do.</summary>
    public IReadOnlyList<string> ModelDigests { get; init; } = [];

    /// <summary>Reads the JSON of a request.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.NumberNotFinite"/>, <see cref="ServingCode.DatatypeInvalid"/>,
    /// <see cref="ServingCode.ShapeInvalid"/>, <see cref="ServingCode.TensorDuplicate"/>, <see cref="ServingCode.TensorMissing"/>,
    /// <see cref="ServingCode.ParameterUnsupported"/>, <see cref="ServingCode.RequestTooLarge"/>.
    /// </exception>
    public static InferenceRequestHeader Parse(ReadOnlySpan<byte> utf8, ProtocolLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var parser = new InferenceRequestParser(utf8, limits);
        try
        {
            return parser.Parse();
        }
        catch (JsonException exception)
        {
            throw JsonFault.Explain(exception, utf8);
        }
        catch (InvalidOperationException exception)
        {
            // The reader checks the text of a string only when it is asked for it.
            throw new ServingException(ServingCode.RequestMalformed, "The request has a name or text that is not valid UTF-8, or half of a surrogate pair.", innerException: exception);
        }
    }
}
