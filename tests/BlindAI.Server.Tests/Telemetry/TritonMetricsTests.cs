using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol.Models;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Tests.Telemetry;

public sealed class TritonMetricsTests
{
    [Fact]
    public void Write_MoreModelsThanAreShown_SaysHowManyAreNot()
    {
        var text = new PrometheusText();

        TritonMetrics.Write(text, [.. Enumerable.Range(0, TritonMetrics.MaxModels + 3).Select(number => Model($"m{number}", 1)), Model("m1", 1), Model("m1", 2)], new MachineLoad("/nowhere"));

        var lines = text.ToString().Split('\n');
        Assert.Contains("blindai_metrics_models_left_out 4", lines);
        Assert.Equal(TritonMetrics.MaxModels, lines.Count(line => line.StartsWith("nv_inference_count{", StringComparison.Ordinal)));
        Assert.Single(lines, line => line.StartsWith("nv_inference_count{model=\"m1\",version=\"1\"}", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("nv_cpu", StringComparison.Ordinal));
    }

    private static ModelDescription Model(string name, int version) => new()
    {
        Namespace = NamespaceName.Parse("default"),
        Name = ModelName.Parse(name),
        Version = version,
        Digest = ModelDigest.Parse("sha256:" + new string('0', 64)),
        Sha256 = new string('0', 64),
        Signature = new ModelSignature([], []),
        Size = 1,
        State = ModelState.Ready,
        UploadedAt = default,
        ExpiresAt = null,
        Statistics = new(),
    };
}
