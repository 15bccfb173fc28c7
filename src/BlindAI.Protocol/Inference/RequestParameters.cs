namespace BlindAI.Protocol.Inference;

/// <summary>The parameters of a request, by the rules that hold in JSON and in gRPC alike.</summary>
/// <remarks>Source: Triton's schedule policy extension and parameters extension; docs/wire-protocol.md, clause 5.</remarks>
internal struct RequestParameters
{
    /// <summary>Most characters of the digests that a request accepts.</summary>
    public const int MaxDigestsLength = 4096;

    private const long MicrosecondsOfADay = 86_400_000_000;

    /// <summary>Whether outputs that do not say otherwise come in binary.</summary>
    public bool BinaryOutputs;

    /// <summary>Longest time that the request may wait for the engine.</summary>
    public TimeSpan? QueueTimeout;

    /// <summary>1 is the highest, 0 the model's default.</summary>
    public ulong Priority;

    /// <summary>The model digests that the caller accepts.</summary>
    public IReadOnlyList<string>? ModelDigests;

    /// <summary>Ignoring these would change what an answer means, so they are refused until they are offered.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static void RefuseUnoffered(string parameter)
    {
        if (parameter is "sequence_id" or "sequence_start" or "sequence_end" or "classification" or "shared_memory_region" or "shared_memory_byte_size" or "shared_memory_offset" or "blindai_receipt"
            || parameter.StartsWith("triton_", StringComparison.Ordinal))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, $"The parameter \"{parameter}\" is not offered here.",
                "sequences, classification, shared memory and receipts are not; leave the parameter out.");
        }
    }

    /// <summary>Takes <c>timeout</c>: microseconds, 0 for none as in Triton; null is what was no such number.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public void SetTimeout(long? microseconds) => QueueTimeout = microseconds is >= 0 and <= MicrosecondsOfADay
        ? microseconds == 0 ? null : TimeSpan.FromMicroseconds(microseconds.Value)
        : throw new ServingException(ServingCode.RequestMalformed, "\"timeout\" is not a number of microseconds up to a day.");

    /// <summary>Takes <c>priority</c>; null is what was no such number.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public void SetPriority(ulong? priority) =>
        Priority = priority ?? throw new ServingException(ServingCode.RequestMalformed, "\"priority\" is not an integer of 0 or more.", "1 is the highest; 0 leaves it to the model.");

    /// <summary>Takes <c>blindai_model_digest</c>: digests with commas between them.</summary>
    public void SetModelDigests(string digests) => ModelDigests = digests.Split(',', StringSplitOptions.TrimEntries);
}
