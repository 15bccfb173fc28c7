using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>What a request says of one input; its data is elsewhere.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="Datatype">Its datatype.</param>
/// <param name="Shape">Its shape, checked for overflow.</param>
/// <param name="BinarySize">Bytes of its section behind the JSON; null when the data is in the JSON.</param>
/// <param name="JsonData">Where in the JSON its <c>data</c> stands; empty when it is binary.</param>
public sealed record InputDescription(string Name, TensorDatatype Datatype, TensorShape Shape, int? BinarySize, Range JsonData);
