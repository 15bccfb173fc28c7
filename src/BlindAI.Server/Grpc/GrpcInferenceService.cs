using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Models;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Telemetry;
using BlindAI.Server.Telemetry.Traces;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary><c>inference.GRPCInferenceService</c>: decode, find the model, run, encode, and everything that REST says about models.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 11.</remarks>
internal sealed class GrpcInferenceService(
    ModelCatalogue catalogue, InferenceService inference, ServerMetrics metrics, GrpcFailures failures, LongCalls longCalls, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<GrpcInferenceService> logger)
{
    /// <summary>Longest that a stream may be without a request.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);

    public Task<GrpcFlag> ServerLive(Received<GrpcEmpty> request, ServerCallContext call) => AnswerAsync(request, call, static _ => new GrpcFlag(true));

    public Task<GrpcFlag> ServerReady(Received<GrpcEmpty> request, ServerCallContext call) => AnswerAsync(request, call, _ => new GrpcFlag(!lifetime.ApplicationStopping.IsCancellationRequested));

    public Task<GrpcFlag> ModelReady(Received<GrpcModelRequest> request, ServerCallContext call) => AnswerAsync(request, call, model =>
    {
        var (name, version) = Scope(model.Name, model.Version);
        return new GrpcFlag(catalogue.Find(Owner(call), name, version) is not null);
    });

    public Task<ServerMetadata> ServerMetadata(Received<GrpcEmpty> request, ServerCallContext call) => AnswerAsync(request, call, static _ => MetadataEndpoints.Server);

    public Task<ModelMetadata> ModelMetadata(Received<GrpcModelRequest> request, ServerCallContext call) =>
        AnswerAsync(request, call, model => ModelFacts.Metadata(catalogue, Find(model, call)));

    public Task<ModelConfig> ModelConfig(Received<GrpcModelRequest> request, ServerCallContext call) => AnswerAsync(request, call, model => ModelFacts.Config(Find(model, call)));

    public Task<ModelStatisticsList> ModelStatistics(Received<GrpcModelRequest> request, ServerCallContext call) => AnswerAsync(request, call, model =>
    {
        // Without a name: those of all.
        if (model.Name.Length == 0)
        {
            return ModelFacts.Statistics(catalogue.List(Owner(call)));
        }

        var (name, version) = Scope(model.Name, model.Version);
        return ModelFacts.Statistics(ModelFacts.FindAll(catalogue, Owner(call), name, version));
    });

    public Task<IReadOnlyList<RepositoryEntry>> RepositoryIndex(Received<GrpcIndexRequest> request, ServerCallContext call) =>
        AnswerAsync(request, call, index => ModelFacts.Index(catalogue.List(Owner(call)), index.Ready));

    public async Task<GrpcRepositoryResponse> RepositoryModelLoad(Received<GrpcRepositoryRequest> request, ServerCallContext call)
    {
        try
        {
            var name = ModelName.Parse(request.Value.Model);
            RepositoryEndpoints.RefuseLoadParameters(request.Value.Parameters);
            await catalogue.LoadAsync(Owner(call), name, call.CancellationToken);
            return new(name.Value);
        }
        catch (Exception exception)
        {
            throw failures.Convert(exception, call);
        }
    }

    public Task<GrpcRepositoryResponse> RepositoryModelUnload(Received<GrpcRepositoryRequest> request, ServerCallContext call) => AnswerAsync(request, call, unload =>
    {
        var name = Protocol.Models.ModelName.Parse(unload.Model);
        RepositoryEndpoints.RefuseUnloadParameters(unload.Parameters);
        catalogue.Unload(Owner(call), name);
        return new GrpcRepositoryResponse(name.Value);
    });

    public async Task ModelInferAsync(Received<GrpcInferenceRequest> request, ServerCallContext call)
    {
        try
        {
            await InferAsync(request, call, inStream: false);
        }
        catch (Exception exception)
        {
            throw failures.Convert(exception, call);
        }
    }

    /// <summary>Answers request by request, in their order. One that fails is answered as such, and the stream goes on, unless the caller asked for its end.</summary>
    public async Task ModelStreamInferAsync(IAsyncStreamReader<Received<GrpcInferenceRequest>> requests, ServerCallContext call)
    {
        try
        {
            using var place = longCalls.Enter();
            var endsOnFailure = call.GetHttpContext().Request.Headers["triton_grpc_error"] == "true";
            while (await NextAsync(requests, call))
            {
                using var request = requests.Current;
                try
                {
                    await InferInStreamAsync(request, call);
                }
                catch (ServingException exception) when (!endsOnFailure && !call.GetHttpContext().RequestAborted.IsCancellationRequested)
                {
                    var failure = failures.Report(exception, call);
                    await GrpcReply.WriteEncodedAsync(call, GrpcInferenceResponseEncoder.EncodeRefusal(failure.Error, IdOf(request), failure.Code));
                }

                await GrpcReply.FlushAsync(call);
            }
        }
        catch (Exception exception)
        {
            throw failures.Convert(exception, call);
        }
    }

    private static string? IdOf(Received<GrpcInferenceRequest> request) => request.IsRefused ? request.Id : request.Value.Header.Id;

    private static NamespaceName Owner(ServerCallContext call) => call.GetHttpContext().Request.Namespace();

    private static (ModelName Name, int? Version) Scope(string name, string version) =>
        (Protocol.Models.ModelName.Parse(name), version.Length == 0 ? null : ModelVersion.Parse(version));

    private ModelDescription Find(GrpcModelRequest model, ServerCallContext call)
    {
        var (name, version) = Scope(model.Name, model.Version);
        return ModelFacts.Find(catalogue, Owner(call), name, version);
    }

    private Task<TAnswer> AnswerAsync<TRequest, TAnswer>(Received<TRequest> request, ServerCallContext call, Func<TRequest, TAnswer> answer)
        where TRequest : class
    {
        try
        {
            return Task.FromResult(answer(request.Value));
        }
        catch (Exception exception)
        {
            return Task.FromException<TAnswer>(failures.Convert(exception, call));
        }
    }

    private async Task<bool> NextAsync(IAsyncStreamReader<Received<GrpcInferenceRequest>> requests, ServerCallContext call)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, lifetime.ApplicationStopping);
        idle.CancelAfter(IdleTimeout);
        try
        {
            return await requests.MoveNext(idle.Token);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw lifetime.ApplicationStopping.IsCancellationRequested
                ? new ServingException(ServingCode.ShuttingDown, "The server is stopping.", "send to another replica.")
                : new ServingException(ServingCode.DeadlineExceeded, $"No request came for {IdleTimeout.TotalMinutes} minutes.", "open a stream when there is something to send.");
        }
    }

    // Of a stream each request has a span, and not the call.
    private async Task InferInStreamAsync(Received<GrpcInferenceRequest> received, ServerCallContext call)
    {
        if (TracedRequests.Begin(call.GetHttpContext(), clock) is { } trace)
        {
            await FollowAsync(trace, received, call);
        }
        else
        {
            await InferAsync(received, call, inStream: true);
        }
    }

    private Task FollowAsync(InferenceTrace trace, Received<GrpcInferenceRequest> received, ServerCallContext call) =>
        TracedRequests.FollowAsync(trace, call.GetHttpContext(), () => InferAsync(received, call, inStream: true));

    private async Task InferAsync(Received<GrpcInferenceRequest> received, ServerCallContext call, bool inStream)
    {
        var started = clock.GetTimestamp();
        var request = received.Value;
        var (name, version) = Scope(request.ModelName, request.ModelVersion);
        using var lease = await catalogue.AcquireAsync(Owner(call), name, version, call.CancellationToken);
        var model = lease.Description;
        using var outputs = await inference.RunAsync(lease, request.Decoded, Callers.Of(call.GetHttpContext().Connection.RemoteIpAddress), received.Memory, call.CancellationToken);
        await GrpcReply.WriteAsync(call, new(model.Name.Value, model.Version, request.Header.Id, model.Digest.Value, outputs.Tensors, inStream));
        var elapsed = clock.GetElapsedTime(started);
        metrics.InferenceAnswered(elapsed);
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ServerLog.ModelRan(logger, model.Namespace.Value, model.Name.Value, model.Version, string.Join(' ', request.Inputs.Select(input => input.Tensor)), Math.Round(elapsed.TotalMilliseconds));
        }
    }
}
