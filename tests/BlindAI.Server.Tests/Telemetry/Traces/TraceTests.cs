namespace BlindAI.Server.Tests.Telemetry.Traces;

/// <summary>Listeners to a source of spans are the process's: these tests run by themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TraceTests
{
    public const string Name = "Traces";
}
