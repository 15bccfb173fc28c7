using BlindAI.Protocol;
using BlindAI.Protocol.Grpc;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary><c>grpc.health.v1.Health</c>: of the server, and of the services by name.</summary>
/// <remarks>Source: grpc.io, "GRPC Health Checking Protocol". A watch ends when the server does.</remarks>
internal sealed class HealthService(GrpcFailures failures, LongCalls longCalls, IHostApplicationLifetime lifetime)
{
    /// <summary>The service's full name.</summary>
    public const string Service = "grpc.health.v1.Health";

    private GrpcHealthStatus Status => lifetime.ApplicationStopping.IsCancellationRequested ? GrpcHealthStatus.NotServing : GrpcHealthStatus.Serving;

    public Task<GrpcHealthResponse> Check(Received<GrpcHealthRequest> request, ServerCallContext call)
    {
        try
        {
            // The protocol asks for NOT_FOUND.
            return IsKnown(request.Value.Service)
                ? Task.FromResult(new GrpcHealthResponse(Status))
                : throw new ServingException(ServingCode.ModelNotFound, "There is no such service.", $"ask for \"\" or \"{GrpcMethods.Service}\".");
        }
        catch (Exception exception)
        {
            return Task.FromException<GrpcHealthResponse>(failures.Convert(exception, call));
        }
    }

    public async Task WatchAsync(Received<GrpcHealthRequest> request, IServerStreamWriter<GrpcHealthResponse> answers, ServerCallContext call)
    {
        try
        {
            using var place = longCalls.Enter();
            var isKnown = IsKnown(request.Value.Service);
            await answers.WriteAsync(new(isKnown ? Status : GrpcHealthStatus.ServiceUnknown), call.CancellationToken);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, lifetime.ApplicationStopping);
            await Task.Delay(Timeout.InfiniteTimeSpan, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            call.CancellationToken.ThrowIfCancellationRequested();
            if (isKnown)
            {
                await answers.WriteAsync(new(GrpcHealthStatus.NotServing), call.CancellationToken);
            }
        }
        catch (Exception exception)
        {
            throw failures.Convert(exception, call);
        }
    }

    private static bool IsKnown(string service) => service is "" or GrpcMethods.Service or Service;

    /// <summary>The methods.</summary>
    internal sealed class Methods : IServiceMethodProvider<HealthService>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<HealthService> context)
        {
            var request = GrpcMarshallers.Request(GrpcRequests.ReadHealth);
            var answer = GrpcMarshallers.Answer<GrpcHealthResponse>(GrpcAnswers.WriteHealth);
            context.AddUnaryMethod(new Method<Received<GrpcHealthRequest>, GrpcHealthResponse>(MethodType.Unary, Service, "Check", request, answer), GrpcMethods.Post(),
                static (service, request, call) => service.Check(request, call));
            context.AddServerStreamingMethod(new Method<Received<GrpcHealthRequest>, GrpcHealthResponse>(MethodType.ServerStreaming, Service, "Watch", request, answer), GrpcMethods.Post(),
                static (service, request, answers, call) => service.WatchAsync(request, answers, call));
        }
    }
}
