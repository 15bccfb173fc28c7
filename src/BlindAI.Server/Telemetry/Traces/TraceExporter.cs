using System.Diagnostics;
using System.Threading.Channels;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>Takes the spans as they end and sends them in batches. It never makes a request wait: what finds the queue full, or the collector away, is dropped and counted.</summary>
internal sealed class TraceExporter : IHostedService, IDisposable
{
    /// <summary>Most spans that wait: a few hundred requests.</summary>
    public const int MaxQueued = 2048;

    /// <summary>Most spans of a batch, as OpenTelemetry's batching has it.</summary>
    private const int MaxBatch = 512;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longest time that a stop waits for what is queued.</summary>
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<Activity> _spans = Channel.CreateBounded<Activity>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _flushed = new();
    private readonly ActivityListener _listener;
    private readonly TraceCollector _collector;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<TraceExporter> _logger;
    private Task _loop = Task.CompletedTask;
    private bool _isFailing;

    public TraceExporter(TraceCollector collector, ServerMetrics metrics, TimeProvider clock, ILogger<TraceExporter> logger)
    {
        _collector = collector;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _listener = Listen(span =>
        {
            if (!_spans.Writer.TryWrite(span))
            {
                _metrics.SpansDropped(1);
            }
        });
    }

    /// <summary>Listens to the spans of inference, but for those that belong to a trace which the caller does not record.</summary>
    public static ActivityListener Listen(Action<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == InferenceTrace.SourceName,
            Sample = static (ref options) => options.Parent.IsRemote && !options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                ? ActivitySamplingResult.None
                : ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loop = Task.Run(SendAllAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _listener.Dispose();
        _ = _spans.Writer.TryComplete();
        await _stopping.CancelAsync();
        _flushed.CancelAfter(FlushTimeout);
        await _loop;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _stopping.Dispose();
        _flushed.Dispose();
    }

    private async Task SendAllAsync()
    {
        var batch = new List<Activity>(MaxBatch);
        while (await _spans.Reader.WaitToReadAsync())
        {
            if (_spans.Reader.Count < MaxBatch)
            {
                // More may come; a stop does not wait for that.
                await Task.Delay(Interval, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            while (batch.Count < MaxBatch && _spans.Reader.TryRead(out var span))
            {
                batch.Add(span);
            }

            await SendAsync(batch);
            batch.Clear();
        }
    }

    private async Task SendAsync(List<Activity> batch)
    {
        var failure = await _collector.SendAsync(batch, _flushed.Token);
        if (failure is null)
        {
            _metrics.SpansSent(batch.Count);
        }
        else
        {
            _metrics.SpansDropped(batch.Count);
        }

        // Once for each time that it goes away, and not once for each batch.
        if (failure is not null && !_isFailing)
        {
            ServerLog.TracesDropped(_logger, failure);
        }
        else if (failure is null && _isFailing)
        {
            ServerLog.TracesSentAgain(_logger);
        }

        _isFailing = failure is not null;
    }
}
