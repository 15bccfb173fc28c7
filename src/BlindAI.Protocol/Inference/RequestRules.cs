using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>What holds of a request in whatever form it comes, JSON or gRPC.</summary>
internal static class RequestRules
{
    private const string LargeHint = "send fewer tensors at once, or ask the operator for a higher limit.";

    /// <exception cref="ServingException"><see cref="ServingCode.DatatypeInvalid"/>.</exception>
    public static TensorDatatype Datatype(string input, string wireName) => TensorDatatypes.Find(wireName)
        ?? throw new ServingException(ServingCode.DatatypeInvalid, $"Input \"{input}\" has an unknown datatype.", "the protocol's names are BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 and BYTES.");

    /// <summary>Refuses one more of what there are already as many of as may be.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static void CheckCount(int count, int most, string what)
    {
        if (count == most)
        {
            throw TooLarge($"The number of {what}", most);
        }
    }

    /// <summary>Holds a stated size against the shape before anything is allocated for it.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.ShapeInvalid"/>.</exception>
    public static void CheckSize(InputDescription input, long size, string source)
    {
        if (input.Datatype.ElementSize() is { } elementSize && input.Shape.ByteCount(elementSize) is var expected && expected != size)
        {
            throw new ServingException(ServingCode.DataMismatch, $"Input \"{input.Name}\" is {input.Datatype.WireName()}{input.Shape}, which takes {expected} bytes; {source} {size}.");
        }
    }

    /// <summary>Bounds what values are converted to, as well as what arrives: one byte may become eight.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>, <see cref="ServingCode.ShapeInvalid"/>.</exception>
    public static void CheckConverted(InputDescription input, ProtocolLimits limits)
    {
        if (input.Datatype.ElementSize() is { } size && input.Shape.ByteCount(size) > limits.MaxRequestBytes)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"The data of input \"{input.Name}\" is over the limit of {limits.MaxRequestBytes} bytes.", LargeHint);
        }
    }

    /// <summary>Each element of a BYTES tensor costs an object.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static void CheckByteStrings(InputDescription input, ProtocolLimits limits)
    {
        if (input.Datatype == TensorDatatype.Bytes && input.Shape.ElementCount > limits.MaxByteStrings)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"Input \"{input.Name}\" has more than {limits.MaxByteStrings} elements.");
        }
    }

    public static ServingException InputDuplicate(string name) => new(ServingCode.TensorDuplicate, $"Input \"{name}\" is given twice.");

    public static ServingException OutputDuplicate(string name) => new(ServingCode.TensorDuplicate, $"Output \"{name}\" is asked for twice.");

    public static ServingException TooLarge(string what, long limit) => new(ServingCode.RequestTooLarge, $"{what} is over the limit of {limit}.");
}
