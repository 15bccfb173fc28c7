using System.Diagnostics;
using System.Numerics;
using BlindAI.Inference.Models;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>The span of one inference request, and a child for each stage: decode, queue, compute, encode. Without a listener there is none, and nothing is allocated.</summary>
/// <remarks>Says codes, counts, durations and rounded sizes; a name only where the trust configuration allows it. Source: docs/telemetry.md.</remarks>
internal sealed class InferenceTrace
{
    public const string SourceName = "BlindAI.Server";

    private const string Property = "blindai.trace";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly Activity _root;
    private readonly TimeProvider _clock;
    private readonly long _started;
    private TimeSpan? _decoded;
    private TimeSpan? _ran;
    private TimeSpan _waited;
    private TimeSpan _computed;
    private int _code;

    private InferenceTrace(Activity root, TimeProvider clock)
    {
        _root = root;
        _clock = clock;
        _started = clock.GetTimestamp();
        root.SetCustomProperty(Property, this);
    }

    /// <summary>The trace of the request that is being served here; null when it is not traced.</summary>
    public static InferenceTrace? Current => Source.HasListeners() ? Activity.Current?.GetCustomProperty(Property) as InferenceTrace : null;

    /// <summary>Begins the span of a request; null when nobody listens, or the caller's own trace is one that is not recorded.</summary>
    /// <param name="traceParent">The caller's <c>traceparent</c>; anything that is none begins a trace of its own.</param>
    /// <param name="transport">How the request came.</param>
    /// <param name="clock">The clock.</param>
    public static InferenceTrace? Start(string? traceParent, string transport, TimeProvider clock)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // The framework has an activity of its own for the request, which is sent nowhere: it must not become the parent.
        Activity.Current = null;
        _ = ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out var parent);
        if (Source.StartActivity("infer", ActivityKind.Server, parent) is not { } root)
        {
            return null;
        }

        _ = root.SetTag("blindai.transport", transport);
        return new(root, clock);
    }

    /// <summary>The request is read.</summary>
    /// <param name="model">The model's name; null where the trust configuration does not let spans tell it.</param>
    /// <param name="requestBytes">Bytes of the tensors.</param>
    public void Decoded(string? model, long requestBytes)
    {
        _decoded = _clock.GetElapsedTime(_started);
        _ = _root.SetTag("blindai.request_bytes", RoundUp(requestBytes));
        if (model is not null)
        {
            _ = _root.SetTag("blindai.model", model);
        }
    }

    /// <summary>The model has run.</summary>
    public void Ran(TimeSpan waited, ExecutionTimes times, int batchSize, long responseBytes)
    {
        _ran = _clock.GetElapsedTime(_started);
        (_waited, _computed) = (waited, times.Input + times.Infer + times.Output);
        _ = _root.SetTag("blindai.batch_size", (long)batchSize);
        _ = _root.SetTag("blindai.response_bytes", RoundUp(responseBytes));
    }

    /// <summary>The request is refused with a code.</summary>
    public void Failed(int code) => _code = code;

    /// <summary>The request is answered.</summary>
    public void End()
    {
        var ended = _clock.GetElapsedTime(_started);
        AddStage("decode", TimeSpan.Zero, _decoded ?? ended);
        if (_decoded is { } decoded && _ran is { } ran)
        {
            AddStage("queue", decoded, _waited);
            AddStage("compute", decoded + _waited, _computed);
            AddStage("encode", ran, ended - ran);
        }

        _ = _root.SetTag("blindai.code", (long)_code);
        _ = _root.SetStatus(_code == 0 ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
        _ = _root.SetEndTime(_root.StartTimeUtc + ended);
        _root.Stop();
    }

    /// <summary>The next power of two: a size that tells less of what was sent.</summary>
    public static long RoundUp(long bytes) => bytes <= 0 ? 0 : (long)Math.Min(BitOperations.RoundUpToPowerOf2((ulong)bytes), 1UL << 62);

    private void AddStage(string name, TimeSpan begin, TimeSpan length)
    {
        var start = _root.StartTimeUtc + begin;
        using var stage = Source.StartActivity(name, ActivityKind.Internal, _root.Context, startTime: start);
        _ = stage?.SetEndTime(start + length);
    }
}
