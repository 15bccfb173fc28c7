using System.Net;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>Transport alone: the server's way without a model against the floor, and what the tiny model's way adds to it.</summary>
/// <remarks>
/// All of one protocol are sent the same bytes by the same client. gRPC has no sink: its figure at 600 KB is that of a model which reads one number of its
/// input, so it holds a run and the way to it as well.
/// </remarks>
internal static class SinkSection
{
    public const string Tiny = "sink-tiny";

    public const string TinyHttp2 = "sink-tiny-http2";

    public const string Image = "sink-600kb";

    private const int Clients = 8;

    private const double TurnSeconds = 1;

    private const int ImageBytes = 3 * 224 * 224 * sizeof(float);

    public static async Task RunAsync(EngineSession session, Uri floor)
    {
        var (tiny, image) = (session.Workloads.Tiny, session.Workloads.Intake(ImageBytes));
        var server = session.Server.Url;
        await session.Server.UploadAsync(tiny);
        await MeasureAsync(session, Tiny, tiny,
            new HttpContender(ContenderNames.Sink, server, workload => PreparedRequest.Binary(workload).To(BenchServer.Sink)),
            new HttpContender(ContenderNames.PreparedBinary, server, workload => PreparedRequest.Binary(workload)));
        await MeasureAsync(session, TinyHttp2, tiny,
            new HttpContender(ContenderNames.Http2Sink, server, workload => PreparedRequest.Binary(workload).To(BenchServer.Sink), HttpVersion.Version20),
            new GrpcContender(ContenderNames.Grpc, server));
        await session.Server.DeleteAsync(tiny);

        await session.Server.UploadAsync(image);
        await MeasureAsync(session, Image, image,
            new HttpContender(ContenderNames.Floor, floor, workload => PreparedRequest.Binary(workload).To("/")),
            new HttpContender(ContenderNames.Sink, server, workload => PreparedRequest.Binary(workload).To(BenchServer.Sink)),
            new HttpContender(ContenderNames.BinaryIntake, server, workload => PreparedRequest.Binary(workload)),
            new HttpContender(ContenderNames.Http2Sink, server, workload => PreparedRequest.Binary(workload).To(BenchServer.Sink), HttpVersion.Version20),
            new GrpcContender(ContenderNames.GrpcIntake, server));
        await session.Server.DeleteAsync(image);
    }

    private static async Task MeasureAsync(EngineSession session, string name, Workload workload, params Contender[] contenders)
    {
        if (!session.Options.Includes(name))
        {
            return;
        }

        // Sinks answer nothing that could be right.
        var ready = await session.PrepareAsync(workload, name, contenders, isChecked: false);
        session.Results.Measurements.AddRange(await session.Comparison.MeasureAsync(name, ready, Clients, TurnSeconds));
        foreach (var contender in contenders)
        {
            await contender.DisposeAsync();
        }
    }
}
