using System.Globalization;
using System.Text.RegularExpressions;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The operations port, as a scraper reads it.</summary>
public sealed partial class MetricsTests
{
    private static readonly byte[] Model = TestModels.Identity(OnnxType.Float);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Scrape_AfterRequests_CountsThemAndNamesModelsOnlyWhenToldTo(bool isTriton)
    {
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:TritonMetrics={isTriton}"]);
        foreach (var owner in (string[])["owner-a", "owner-b"])
        {
            await using var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), new() { Namespace = NamespaceName.Parse(owner) }, Cancellation);
            await client.UploadModelAsync("echo", new MemoryStream(Model), cancellationToken: Cancellation);
            await client.RunAsync("echo", new Dictionary<string, Tensor> { ["x"] = Tensor.From([1f], 1) }, cancellationToken: Cancellation);
            await Assert.ThrowsAsync<ServingException>(() => client.RunAsync("none", new Dictionary<string, Tensor> { ["x"] = Tensor.From([1f], 1) }, cancellationToken: Cancellation));
        }

        var text = await ScrapeAsync(server);
        var samples = Parse(text);
        Assert.Equal(2, samples["blindai_inferences_total"]);
        Assert.Equal(2, samples["blindai_rows_total"]);
        Assert.Equal(0, samples["blindai_pending_requests"]);
        Assert.Equal(0, samples["blindai_failed_total{reason=\"engine\"}"]);
        Assert.Equal(2, samples["blindai_queue_seconds_count"]);
        Assert.Equal(2, samples["blindai_compute_seconds_bucket{le=\"+Inf\"}"]);
        Assert.Equal(2, samples["blindai_batch_size_bucket{le=\"1\"}"]);
        Assert.Equal(2, samples["blindai_batch_size_sum"]);
        Assert.Equal(2, samples["blindai_loaded_models"]);
        Assert.Equal(2 * Model.Length, samples["blindai_loaded_model_bytes"]);
        Assert.Equal(2, samples[$"blindai_refused_total{{code=\"{(int)ServingCode.ModelNotFound}\"}}"]);
        Assert.True(samples["blindai_process_memory_bytes"] > 1 << 20);
        Assert.DoesNotContain(samples.Keys, sample => sample.StartsWith("blindai_", StringComparison.Ordinal) && sample.Contains("echo", StringComparison.Ordinal));
        Assert.DoesNotContain("owner-", text, StringComparison.Ordinal);
        Assert.Equal(isTriton, text.Contains("nv_", StringComparison.Ordinal));
        if (isTriton)
        {
            // One series for the models of both namespaces: twice the same labels would make the whole text unreadable.
            Assert.Equal(2, samples["nv_inference_request_success{model=\"echo\",version=\"1\"}"]);
            Assert.Equal(2, samples["nv_inference_exec_count{model=\"echo\",version=\"1\"}"]);
            Assert.Equal(0, samples["nv_inference_request_failure{model=\"echo\",reason=\"REJECTED\",version=\"1\"}"]);
            Assert.All(samples.Where(sample => sample.Key.Contains("_us{", StringComparison.Ordinal)), sample => Assert.Equal(0, sample.Value % 1000));
            Assert.InRange(samples["nv_cpu_utilization"], 0, 1);
            Assert.True(samples["nv_cpu_memory_used_bytes"] <= samples["nv_cpu_memory_total_bytes"]);
        }
    }

    private static async Task<string> ScrapeAsync(SimulationServer server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(server.OperationsUrl, "/metrics"), Cancellation);
    }

    // Strict: every line is a heading or a sample of the family that was headed last, and no sample comes twice.
    private static Dictionary<string, decimal> Parse(string text)
    {
        var samples = new Dictionary<string, decimal>();
        var families = new HashSet<string>();
        var family = "";
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(families.Add(family), line);
            }
            else if (!line.StartsWith($"# TYPE {family} ", StringComparison.Ordinal))
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                Assert.Equal(family, Suffix().Replace(sample.Groups[1].Value, ""));
                samples.Add(sample.Groups[1].Value + sample.Groups[2].Value, decimal.Parse(sample.Groups[3].Value, CultureInfo.InvariantCulture));
            }
        }

        return samples;
    }

    [GeneratedRegex("""^([a-z_0-9]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\})? (-?[0-9.]+)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("(?<=_seconds|_size)_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
