using System.Diagnostics;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Inference.Models;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Telemetry.Traces;
using BlindAI.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Server.Tests.Telemetry.Traces;

[Collection(TraceTests.Name)]
public sealed class InferenceTraceTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private const string SpanId = "b7ad6b7169203331";

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Start_NobodyListens_IsNullWithoutAnAllocation()
    {
        _ = Ask();
        var before = GC.GetAllocatedBytesForCurrentThread();

        var trace = Ask();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(trace);

        InferenceTrace? Ask() => InferenceTrace.Current ?? InferenceTrace.Start($"00-{TraceId}-{SpanId}-01", "http/2", _clock);
    }

    [Fact]
    public void End_AnsweredRequest_HasASpanForEachStage()
    {
        var spans = Collect(trace =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(5));
            trace.Decoded(null, 600_000);
            _clock.Advance(TimeSpan.FromMilliseconds(20));
            trace.Ran(TimeSpan.FromMilliseconds(3), new ExecutionTimes(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(14), TimeSpan.FromMilliseconds(2)), 4, 4096);
            _clock.Advance(TimeSpan.FromMilliseconds(7));
        });

        Assert.Equal(["decode", "queue", "compute", "encode", "infer"], spans.Select(span => span.Name));
        var root = spans[^1];
        Assert.All(spans.SkipLast(1), stage => Assert.Equal((root.TraceId, root.SpanId, 1), (stage.TraceId, stage.ParentSpanId, stage.Kind)));
        Assert.Equal((2, 1), (root.Kind, root.Status));
        Assert.Null(root.ParentSpanId);
        Assert.Equal(
            [("blindai.transport", "http/2"), ("blindai.request_bytes", "1048576"), ("blindai.batch_size", "4"), ("blindai.response_bytes", "4096"), ("blindai.code", "0")],
            root.Attributes.Select(attribute => (attribute.Key, attribute.Value)));

        // The fake clock counts; a whole millisecond may begin between two ends.
        Assert.All(spans, span => Assert.Equal((0, 0), (span.Start % 1_000_000, span.End % 1_000_000)));
        Assert.Equal([5, 3, 17, 7, 32], spans.Select(span => (span.End - span.Start) / 1_000_000));
    }

    [Fact]
    public void End_RefusedBeforeItRan_HasTheCodeAndNoStageThatDidNotHappen()
    {
        var spans = Collect(trace =>
        {
            trace.Decoded(null, 10);
            trace.Failed(720);
        });

        Assert.Equal(["decode", "infer"], spans.Select(span => span.Name));
        Assert.Equal(("720", "16", 2), (spans[1].Attributes["blindai.code"], spans[1].Attributes["blindai.request_bytes"], spans[1].Status));
    }

    [Fact]
    public void Decoded_NamesAllowed_NamesTheModel() =>
        Assert.Equal("credit", Collect(trace => trace.Decoded("credit", 1))[^1].Attributes["blindai.model"]);

    [Fact]
    public void Start_TraceParent_BecomesTheParent()
    {
        var root = Collect(_ => { }, traceParent: $"00-{TraceId}-{SpanId}-01")[^1];

        Assert.Equal((TraceId, SpanId), (root.TraceId, root.ParentSpanId));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    public void Start_NoTraceParent_BeginsATraceEvenUnderAnotherActivity(string? traceParent)
    {
        using var ambient = new Activity("of the framework").Start();

        var root = Collect(_ => { }, traceParent)[^1];

        Assert.Null(root.ParentSpanId);
        Assert.NotEqual(ambient.TraceId.ToHexString(), root.TraceId);
    }

    [Fact]
    public void Start_CallerDoesNotRecord_IsNull()
    {
        using var listener = TraceExporter.Listen(static _ => { });

        Assert.Null(InferenceTrace.Start($"00-{TraceId}-{SpanId}-00", "http/2", _clock));
    }

    [Fact]
    public void Current_InsideARequest_IsItsTrace()
    {
        Collect(trace => Assert.Same(trace, InferenceTrace.Current));

        using var listener = TraceExporter.Listen(static _ => { });
        Assert.Null(InferenceTrace.Current);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(5, 8)]
    [InlineData(1L << 40, 1L << 40)]
    [InlineData(long.MaxValue, 1L << 62)]
    public void RoundUp_Bytes_AreAPowerOfTwo(long bytes, long rounded) => Assert.Equal(rounded, InferenceTrace.RoundUp(bytes));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sample_OfASwitch_IsWhatARequestSends(bool namesModel)
    {
        var spans = CollectedSpan.ParseAll(TelemetrySwitch.Sample(new TrustConfiguration { TracesNameModels = namesModel }, TeeKind.SevSnp));

        Assert.Equal(["decode", "queue", "compute", "encode", "infer"], spans.Select(span => span.Name));
        Assert.Equal(namesModel, spans[^1].Attributes.ContainsKey("blindai.model"));
    }

    private IReadOnlyList<CollectedSpan> Collect(Action<InferenceTrace> serve, string? traceParent = null)
    {
        var spans = new List<Activity>();
        using (TraceExporter.Listen(spans.Add))
        {
            var trace = InferenceTrace.Start(traceParent, "http/2", _clock);
            serve(trace!);
            trace!.End();
        }

        return CollectedSpan.ParseAll(Encoding.UTF8.GetString(OtlpJson.Encode(spans, TeeKind.Simulation)));
    }
}
