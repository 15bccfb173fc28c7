using System.Buffers;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>Reads the small requests of the gRPC binding.</summary>
/// <remarks>Source: Open Inference Protocol v2, gRPC, with Triton's extensions; docs/wire-protocol.md, clause 11.</remarks>
public static class GrpcRequests
{
    /// <summary>A message without fields; those of a newer protocol are passed over.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public static GrpcEmpty ReadEmpty(ReadOnlySequence<byte> message) => GrpcMessage.Read(message, static bytes =>
    {
        var reader = new ProtobufSequenceReader(bytes);
        while (reader.TryReadField())
        {
        }

        return new GrpcEmpty();
    });

    /// <summary>Name 1, version 2: ModelReady, ModelMetadata, ModelConfig, ModelStatistics.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static GrpcModelRequest ReadModel(ReadOnlySequence<byte> message) => GrpcMessage.Read(message, static bytes =>
    {
        string name = "", version = "";
        var reader = new ProtobufSequenceReader(bytes);
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: name = ReadName(ref reader, "The model's name"); break;
                case 2: version = ReadName(ref reader, "The model's version"); break;
            }
        }

        return new GrpcModelRequest(name, version);
    });

    /// <summary>Repository 1, ready 2: RepositoryIndex.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.RequestTooLarge"/>, <see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static GrpcIndexRequest ReadIndex(ReadOnlySequence<byte> message) => GrpcMessage.Read(message, static bytes =>
    {
        var ready = false;
        var reader = new ProtobufSequenceReader(bytes);
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: RefuseRepository(ReadName(ref reader, "The repository's name")); break;
                case 2: ready = reader.ReadBool(); break;
            }
        }

        return new GrpcIndexRequest(ready);
    });

    /// <summary>RepositoryModelLoad and RepositoryModelUnload: Triton's repository 1, model 2, parameters 3, and KServe's model 1.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.RequestTooLarge"/>, <see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static GrpcRepositoryRequest ReadRepository(ReadOnlySequence<byte> message) => GrpcMessage.Read(message, static bytes =>
    {
        string first = "", second = "";
        List<string> parameters = [];
        var reader = new ProtobufSequenceReader(bytes);
        while (reader.TryReadField())
        {
            switch (reader.FieldNumber)
            {
                case 1: first = ReadName(ref reader, "The model's name"); break;
                case 2: second = ReadName(ref reader, "The model's name"); break;
                case 3:
                    RequestRules.CheckCount(parameters.Count, GrpcRepositoryRequest.MaxParameters, "parameters");
                    parameters.Add(ReadKey(reader.ReadMessage()));
                    break;
            }
        }

        if (second.Length > 0)
        {
            RefuseRepository(first);
        }

        return new GrpcRepositoryRequest(second.Length > 0 ? second : first, parameters);
    });

    /// <summary>Service 1: grpc.health.v1.HealthCheckRequest.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static GrpcHealthRequest ReadHealth(ReadOnlySequence<byte> message) => GrpcMessage.Read(message, static bytes =>
    {
        var service = "";
        var reader = new ProtobufSequenceReader(bytes);
        while (reader.TryReadField())
        {
            service = reader.FieldNumber == 1 ? ReadName(ref reader, "The service's name") : service;
        }

        return new GrpcHealthRequest(service);
    });

    private static string ReadName(ref ProtobufSequenceReader reader, string what) => GrpcMessage.ReadText(ref reader, what, ProtocolLimits.MaxNameLength);

    private static string ReadKey(ProtobufSequenceReader entry)
    {
        var key = "";
        while (entry.TryReadField())
        {
            key = entry.FieldNumber == 1 ? ReadName(ref entry, "The name of a parameter") : key;
        }

        return key;
    }

    // There is one repository for a namespace, and it has no name.
    private static void RefuseRepository(string name)
    {
        if (name.Length > 0)
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "This server has no repositories of a name.", "leave repository_name empty; namespaces are chosen by the header blindai-namespace.");
        }
    }
}
