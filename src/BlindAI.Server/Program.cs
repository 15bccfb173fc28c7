using BlindAI.Attestation;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Hosting;
using BlindAI.Server.Telemetry.Traces;

const int UsageError = 2;

try
{
    var command = ServerCommand.Parse(args);
    if (command.PrintsHelp)
    {
        StandardStreams.Say(ServerCommand.Help);
    }
    else if (command.PrintsVersion)
    {
        StandardStreams.Say($"blindai-server {MetadataEndpoints.ServerVersion}");
    }
    else if (command.PrintsConfiguration)
    {
        StandardStreams.Say(command.Settings.Trust.Document);
        StandardStreams.Say($"sha256 {command.Settings.Trust.Digest}");
    }
    else if (command.PrintsTelemetry)
    {
        StandardStreams.Complain(TelemetrySwitch.IsOn(command.Settings) ? "Traces are on. The body of the request that is sent for one inference:"
            : "Traces are off: nothing is sent. Were they on, the body of the request for one inference:");
        StandardStreams.Say(TelemetrySwitch.Sample(command.Settings.Trust, command.IsSimulation ? TeeKind.Simulation : TeeKind.SevSnp));
    }
    else
    {
        StartupHardening.RestartWithoutDiagnostics();
        StartupHardening.Apply(command.IsSimulation);
        await ServerHost.RunAsync(command);
    }

    return 0;
}
catch (ConfigurationException exception)
{
    StandardStreams.Complain($"blindai-server: {exception.Message}");
    return UsageError;
}
catch (IOException exception) when (exception.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    StandardStreams.Complain("blindai-server: the address of Listen:Url or Listen:OperationsUrl is in use. Choose another with --Listen:Url and --Listen:OperationsUrl; port 0 takes a free one.");
    return UsageError;
}
