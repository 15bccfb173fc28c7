using System.Text.Json.Serialization;
using BlindAI.Protocol.Models;

namespace BlindAI.Protocol;

/// <summary>Serialisation of the protocol's plain messages, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ServerMetadata))]
[JsonSerializable(typeof(ModelMetadata))]
[JsonSerializable(typeof(ModelReadiness))]
[JsonSerializable(typeof(UploadAnswer))]
[JsonSerializable(typeof(ModelList))]
public sealed partial class ProtocolJson : JsonSerializerContext;
