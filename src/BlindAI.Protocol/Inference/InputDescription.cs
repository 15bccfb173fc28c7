using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>What a request's JSON says of one input; its data is elsewhere.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="Datatype">Its datatype.</param>
/// <param name="Shape">Its shape, checked for overflow.</param>
/// <param name="BinarySize">Bytes of its section behind the JSON; null when the data is in the JSON.</param>
/// <param name="JsonData">Where in the JSON its <c>data</c> stands; empty when it is binary.</param>
public sealed record InputDescription(string Name, TensorDatatype Datatype, TensorShape Shape, int? BinarySize, Range JsonData)
{
    /// <summary>Checks the stated size against the shape before anything is allocated for it.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.ShapeInvalid"/>.</exception>
    internal void CheckBinarySize(int size)
    {
        if (Datatype.ElementSize() is { } elementSize && Shape.ByteCount(elementSize) is var expected && expected != size)
        {
            throw new ServingException(ServingCode.DataMismatch,
                $"Input \"{Name}\" is {Datatype.WireName()}{Shape}, which takes {expected} bytes; \"binary_data_size\" says {size}.");
        }
    }
}
