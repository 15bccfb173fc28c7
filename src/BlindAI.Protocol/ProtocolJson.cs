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
[JsonSerializable(typeof(ModelConfig))]
[JsonSerializable(typeof(ModelStatisticsList))]
[JsonSerializable(typeof(IReadOnlyList<RepositoryEntry>))]
public sealed partial class ProtocolJson : JsonSerializerContext;
