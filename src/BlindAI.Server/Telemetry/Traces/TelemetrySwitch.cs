using System.Diagnostics;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Inference.Models;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>Whether traces are sent, and what they look like.</summary>
/// <remarks>Source: docs/telemetry.md.</remarks>
internal static class TelemetrySwitch
{
    /// <summary>Any value but nothing, <c>0</c> and <c>false</c> switches traces off, whatever the configuration says.</summary>
    public const string DisableVariable = "BLINDAI_DISABLE_TELEMETRY";

    /// <summary>Whether the environment switches traces off.</summary>
    public static bool IsDisabled => Environment.GetEnvironmentVariable(DisableVariable) is not (null or "" or "0" or "false");

    /// <summary>Whether traces are sent.</summary>
    public static bool IsOn(ServerSettings settings) => settings.OtlpEndpoint is not null && !IsDisabled;

    public static IServiceCollection AddTraces(this IServiceCollection services, ServerSettings settings, TeeKind tee) => services
        .AddSingleton(provider => new TraceCollector(settings.OtlpEndpoint!, tee, provider.GetRequiredService<TimeProvider>()))
        .AddHostedService<TraceExporter>();

    /// <summary>The body of the request that would be sent for one inference, made as those are.</summary>
    public static string Sample(TrustConfiguration trust, TeeKind tee)
    {
        var spans = new List<Activity>();
        using var listener = TraceExporter.Listen(spans.Add);
        var trace = InferenceTrace.Start(null, "http/2", new SampleClock())!;
        trace.Decoded(trust.TracesNameModels ? "model-name" : null, 600_000);
        trace.Ran(TimeSpan.FromMilliseconds(2), new ExecutionTimes(default, TimeSpan.FromMilliseconds(15), default), 4, 4000);
        trace.End();
        return Encoding.UTF8.GetString(OtlpJson.Encode(spans, tee));
    }

    // Begun, read after 3 ms, run after 20 ms, answered after 21 ms.
    private sealed class SampleClock : TimeProvider
    {
        private readonly Queue<long> _milliseconds = new([0, 3, 20, 21]);

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _milliseconds.Dequeue();
    }
}
