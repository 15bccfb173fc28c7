using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Grpc;
using BlindAI.Server.Sealed;
using BlindAI.Server.Telemetry;
using BlindAI.Server.Telemetry.Traces;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Hosting;

/// <summary>Builds the server and runs it until it is told to stop.</summary>
internal static class ServerHost
{
    private const string SimulationServiceName = "localhost";

    /// <summary>Longest time that requests may take to finish after a stop was asked for.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <exception cref="ConfigurationException">The server cannot run so; the message says what to change.</exception>
    public static async Task RunAsync(ServerCommand command)
    {
        var settings = command.Settings;
        var attester = await new TeeDetector().FindAttesterAsync(command.IsSimulation);
        var service = settings.ServiceName ?? (command.IsSimulation ? SimulationServiceName
            : throw new ConfigurationException("Service:Name must say under which name clients know this service."));
        using var identity = await MakeIdentityAsync(service, attester, settings.Trust.Digest);

        await using var app = Build(settings, attester, identity);
        await app.StartAsync();
        Announce(app, attester.Tee, settings, (attester as SimulationAttester)?.Key);
        await app.WaitForShutdownAsync();
    }

    /// <summary>Builds the server around its keys. Tests start it inside their own process, where they can stand beside what nobody sees from outside.</summary>
    internal static WebApplication Build(ServerSettings settings, IAttester attester, EnclaveIdentity identity)
    {
        // The empty builder reads no variable, file or argument: the server is configured through ServerSettings alone.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddServerLogging(settings.Trust.LogLevel);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, NetworkBlocks>();
        builder.WebHost.ConfigureKestrel(kestrel => AttestedPort.Configure(kestrel, settings, identity));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddAttestation(attester, identity, settings).AddInference(settings).AddGrpcBinding(settings.Trust);

        var isTraced = TelemetrySwitch.IsOn(settings);
        if (isTraced)
        {
            builder.Services.AddTraces(settings, attester.Tee);
        }

        var app = builder.Build();
        app.UseMiddleware<ErrorAnswers>();
        app.UseMiddleware<SealedRequests>();

        // Routing comes after them, so that it routes what was sealed and never what carried it.
        app.UseRouting();
        app.UseOperationsPort();
        if (settings.Trust.RequireAttestedClients)
        {
            app.RequireProvedClients();
        }

        if (isTraced)
        {
            app.UseMiddleware<TracedRequests>();
        }

        app.MapAttestation();
        app.MapMetadata();
        app.MapModels();
        app.MapInference();
        app.MapRepository();
        app.MapGrpc();
        return app;
    }

    // What the certificate of SGX and TDX needs is asked for here, so a device that cannot answer stops the start.
    private static async Task<EnclaveIdentity> MakeIdentityAsync(string service, IAttester attester, Sha256Digest configuration)
    {
        try
        {
            return await EnclaveIdentity.CreateAsync(service, attester, configuration, TimeProvider.System);
        }
        catch (AttestationException exception)
        {
            throw new ConfigurationException($"This is a Trusted Execution Environment ({attester.Tee}), and it made no evidence. {exception.Message}");
        }
    }

    private static void Announce(WebApplication app, TeeKind tee, ServerSettings settings, Sha256Digest? simulationKey)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ServerHost));
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        var url = addresses.Single(address => address.StartsWith(Uri.UriSchemeHttps, StringComparison.Ordinal));
        var operations = addresses.Single(address => !address.StartsWith(Uri.UriSchemeHttps, StringComparison.Ordinal));
        ServerLog.Started(logger, url, operations, tee.Name, settings.Trust.Digest.ToString());
        if (!tee.IsHardware)
        {
            ServerLog.Simulation(logger);
        }

        if (TelemetrySwitch.IsOn(settings))
        {
            ServerLog.TracesSent(logger, settings.OtlpEndpoint!.GetLeftPart(UriPartial.Authority));
        }
        else if (settings.OtlpEndpoint is not null)
        {
            ServerLog.TracesDisabled(logger, TelemetrySwitch.DisableVariable);
        }

        app.Lifetime.ApplicationStopping.Register(() => ServerLog.Stopping(logger));
        StandardStreams.Say($"blindai-server listening {url} operations {operations}{(simulationKey is null ? "" : $" simulation-key {simulationKey}")}");
    }
}
