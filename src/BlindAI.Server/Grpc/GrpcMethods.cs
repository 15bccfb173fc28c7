using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Grpc;
using BlindAI.Server.Telemetry.Traces;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary>The methods of <c>inference.GRPCInferenceService</c>. What is not listed is answered with UNIMPLEMENTED.</summary>
/// <remarks>
/// Source: Open Inference Protocol v2, gRPC, with Triton's extensions; docs/wire-protocol.md, clause 11. A table and not a class that the library looks through, so
/// that nothing needs reflection.
/// </remarks>
internal sealed class GrpcMethods(TrustConfiguration limits) : IServiceMethodProvider<GrpcInferenceService>
{
    /// <summary>The service's full name.</summary>
    public const string Service = "inference.GRPCInferenceService";

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<GrpcInferenceService> context)
    {
        var empty = GrpcMarshallers.Request(GrpcRequests.ReadEmpty);
        var model = GrpcMarshallers.Request(GrpcRequests.ReadModel);
        var repository = GrpcMarshallers.Request(GrpcRequests.ReadRepository);
        var inference = GrpcMarshallers.Inference(limits.Protocol);
        var flag = GrpcMarshallers.Answer<GrpcFlag>(GrpcAnswers.WriteFlag);
        var change = GrpcMarshallers.Answer<GrpcRepositoryResponse>(GrpcAnswers.WriteRepository);

        // Inference writes its answers itself; the marshaller is only the library's to have.
        var none = GrpcMarshallers.Answer<GrpcEmpty>(static (_, _) => { });

        Unary("ServerLive", empty, flag, (service, request, call) => service.ServerLive(request, call));
        Unary("ServerReady", empty, flag, (service, request, call) => service.ServerReady(request, call));
        Unary("ModelReady", model, flag, (service, request, call) => service.ModelReady(request, call));
        Unary("ServerMetadata", empty, GrpcMarshallers.Answer<Protocol.Models.ServerMetadata>(GrpcAnswers.WriteServer), (service, request, call) => service.ServerMetadata(request, call));
        Unary("ModelMetadata", model, GrpcMarshallers.Answer<Protocol.Models.ModelMetadata>(GrpcAnswers.WriteModel), (service, request, call) => service.ModelMetadata(request, call));
        Unary("ModelConfig", model, GrpcMarshallers.Answer<Protocol.Models.ModelConfig>(GrpcModelConfig.Write), (service, request, call) => service.ModelConfig(request, call));
        Unary("ModelStatistics", model, GrpcMarshallers.Answer<Protocol.Models.ModelStatisticsList>(GrpcAnswers.WriteStatistics), (service, request, call) => service.ModelStatistics(request, call));
        Unary("RepositoryIndex", GrpcMarshallers.Request(GrpcRequests.ReadIndex), GrpcMarshallers.Answer<IReadOnlyList<Protocol.Models.RepositoryEntry>>(GrpcAnswers.WriteIndex), (service, request, call) => service.RepositoryIndex(request, call));
        Unary("RepositoryModelLoad", repository, change, (service, request, call) => service.RepositoryModelLoad(request, call));
        Unary("RepositoryModelUnload", repository, change, (service, request, call) => service.RepositoryModelUnload(request, call));

        // One answer, declared as a stream: the same on the wire, and written as it is sent (GrpcReply).
        context.AddServerStreamingMethod(new Method<Received<GrpcInferenceRequest>, GrpcEmpty>(MethodType.ServerStreaming, Service, "ModelInfer", inference, none), [.. Post(), TracedRequests.Marker],
            static (service, request, _, call) => service.ModelInferAsync(request, call));
        context.AddDuplexStreamingMethod(new Method<Received<GrpcInferenceRequest>, GrpcEmpty>(MethodType.DuplexStreaming, Service, "ModelStreamInfer", inference, none), Post(),
            static (service, requests, _, call) => service.ModelStreamInferAsync(requests, call));

        void Unary<TRequest, TAnswer>(string name, Marshaller<TRequest> request, Marshaller<TAnswer> answer, UnaryServerMethod<GrpcInferenceService, TRequest, TAnswer> serve)
            where TRequest : class
            where TAnswer : class =>
            context.AddUnaryMethod(new Method<TRequest, TAnswer>(MethodType.Unary, Service, name, request, answer), Post(), serve);
    }

    /// <summary>What routing knows of a method.</summary>
    public static List<object> Post() => [new HttpMethodMetadata([HttpMethods.Post])];
}
