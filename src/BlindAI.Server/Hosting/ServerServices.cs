using BlindAI.Attestation.Evidence;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Sealed;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Hosting;

/// <summary>What the server is made of.</summary>
internal static class ServerServices
{
    public static IServiceCollection AddAttestation(this IServiceCollection services, IAttester attester, EnclaveIdentity identity, ServerSettings settings) => services
        .AddSingleton(identity)
        .AddSingleton<AttestationGate>()
        .AddSingleton<SealedRequestKeys>()
        .AddSingleton(provider => new ReplayMemory(provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new EvidenceSource(attester, identity, provider.GetRequiredService<SealedRequestKeys>(), settings.Trust.AttestationsPerSecond, CollateralSource.Create(settings),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger<EvidenceSource>()));

    public static IServiceCollection AddInference(this IServiceCollection services, ServerSettings settings)
    {
        var trust = settings.Trust;
        return services
            .AddSingleton(TimeProvider.System)
            .AddSingleton(trust)
            .AddSingleton<ServerMetrics>()
            .AddSingleton(provider => new MetricsPage(
                provider.GetRequiredService<ServerMetrics>(), provider.GetRequiredService<InferenceScheduler>().Statistics, provider.GetRequiredService<ModelCatalogue>(), trust))
            .AddSingleton<HealthAnswers>()
            .AddSingleton<RequestMemory>()
            .AddSingleton<InferenceService>()
            .AddSingleton<InferenceEndpoints>()
            .AddSingleton<IInferenceEngine>(_ => new OnnxRuntimeEngine(new EngineOptions()))
            .AddSingleton(new SchedulerOptions
            {
                Workers = settings.InferenceThreads,
                MaxQueued = trust.MaxQueuedRequests,
                MaxQueueTime = trust.MaxQueueTime,
                MaxRunTime = trust.MaxRunTime,
                MixesCallers = trust.BatchesMixCallers,
            })
            .AddSingleton<InferenceScheduler>()
            .AddSingleton(new ModelLimits
            {
                KeepModelBytes = settings.KeepModelBytes,
                MaxModelBytes = trust.MaxModelBytes,
                MaxTotalBytes = trust.MaxTotalModelBytes,
                MaxLoadedModelsPerNamespace = trust.MaxLoadedModelsPerNamespace,
                MaxNamespaces = trust.MaxNamespaces,
                MaxModelsPerNamespace = trust.MaxModelsPerNamespace,
                MaxBytesPerNamespace = trust.MaxBytesPerNamespace,
            })
            .AddSingleton(provider => new ModelProfiler(settings.InferenceThreads, trust.MaxBatchSize, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton<ModelCatalogue>();
    }

    public static void AddServerLogging(this ILoggingBuilder logging, ServerLogLevel level)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(ToLogLevel(level));

        // The framework's own messages quote request lines and headers below Warning; none of them is worth that.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical);
        logging.AddFilter("System", LogLevel.Warning);

        // It would log nothing below; asked whether it may, it makes an activity for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        // The gRPC library logs every refusal with its text; ours are logged by their code.
        logging.AddFilter("Grpc", LogLevel.None);

        // A failed start comes back as an exception, which Program explains; logged here it would be a page of frames.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
        });

        // Standard output carries the one line that says where the server listens.
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static LogLevel ToLogLevel(ServerLogLevel level) => level switch
    {
        ServerLogLevel.Trace => LogLevel.Trace,
        ServerLogLevel.Debug => LogLevel.Debug,
        ServerLogLevel.Information => LogLevel.Information,
        ServerLogLevel.Warning => LogLevel.Warning,
        ServerLogLevel.Error => LogLevel.Error,
        _ => LogLevel.None,
    };
}
