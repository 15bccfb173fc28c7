using System.Globalization;
using System.Text;

namespace BlindAI.Bench.Engine.Report;

/// <summary>One picture: for each model, how much of raw ONNX Runtime's throughput each server gives 8 clients. Horizontal bars; the line at 1 is raw.</summary>
/// <remarks>The tiny model has a scale of its own, requests a second: against raw every server's bar would be too short to see.</remarks>
internal sealed class SvgPlot(EngineResults results, Workloads workloads)
{
    private const int Clients = 8;

    private const int Width = 860;

    private const int Left = 130;

    private const int BarLength = 560;

    private const int BarHeight = 13;

    private const int GroupGap = 16;

    private const int Top = 74;

    // Told apart by those who do not see red and green as two colours; ours are the dark ones.
    private static readonly (string Contender, string Colour)[] Series =
    [
        (ContenderNames.Binary, "#0b4f8a"),
        (ContenderNames.Grpc, "#3b8fd6"),
        (ContenderNames.Json, "#9fc9ee"),
        (ContenderNames.AspNetGrpc, "#d98a1f"),
        (ContenderNames.Node, "#8a8a8a"),
    ];

    private readonly StringBuilder _bars = new();

    private int _y = Top;

    public void WriteTo(string path)
    {
        foreach (var workload in workloads.All.Where(workload => workload != workloads.Tiny && results.Find(workload.Name, Clients, ContenderNames.Raw) is not null))
        {
            Group(workload.Name, contender => results.ThroughputRatio(workload.Name, Clients, contender, ContenderNames.Raw), Scale(), static value => value.ToString("0.00", CultureInfo.InvariantCulture));
        }

        var bottom = _y - GroupGap;
        if (results.Find(workloads.Tiny.Name, Clients, ContenderNames.Raw) is not null)
        {
            var most = Series.Max(series => results.Find(workloads.Tiny.Name, Clients, series.Contender)?.RequestsPerSecond ?? 0);
            _y += 24;
            Text(Left, _y - 8, "requests a second", "start", "#555555");
            Group(workloads.Tiny.Name, contender => results.Find(workloads.Tiny.Name, Clients, contender)?.RequestsPerSecond, most, static value => value.ToString("#,0", CultureInfo.InvariantCulture));
        }

        File.WriteAllText(path, Frame(bottom));
    }

    // One at least, so that raw's line is inside; more where batching beats raw.
    private double Scale() => Math.Max(1.05, workloads.All.Where(workload => workload != workloads.Tiny)
        .SelectMany(workload => Series.Select(series => results.ThroughputRatio(workload.Name, Clients, series.Contender, ContenderNames.Raw) ?? 0)).DefaultIfEmpty(1).Max());

    private void Group(string name, Func<string, double?> valueOf, double most, Func<double, string> show)
    {
        var start = _y;
        foreach (var (contender, colour) in Series)
        {
            if (valueOf(contender) is { } value)
            {
                var length = value / most * BarLength;
                _bars.Append(CultureInfo.InvariantCulture, $"  <rect x=\"{Left}\" y=\"{_y}\" width=\"{length:F1}\" height=\"{BarHeight - 2}\" fill=\"{colour}\"/>\n");
                Text(Left + length + 5, _y + BarHeight - 4, show(value), "start", "#333333");
                _y += BarHeight;
            }
        }

        Text(Left - 8, (start + _y) / 2.0 + 3, name, "end", "#111111");
        _y += GroupGap;
    }

    private void Text(double x, double y, string text, string anchor, string colour) =>
        _bars.Append(CultureInfo.InvariantCulture, $"  <text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>\n");

    private string Frame(int bottom)
    {
        var frame = new StringBuilder();
        frame.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {_y + 8}\" font-family=\"sans-serif\" font-size=\"11\">\n");
        frame.Append("  <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        frame.Append(CultureInfo.InvariantCulture, $"  <text x=\"{Left}\" y=\"22\" font-size=\"15\" fill=\"#111111\">Throughput with {Clients} clients, against raw ONNX Runtime on every processor (1 = raw)</text>\n");
        var x = Left;
        foreach (var (contender, colour) in Series)
        {
            frame.Append(CultureInfo.InvariantCulture, $"  <rect x=\"{x}\" y=\"36\" width=\"11\" height=\"11\" fill=\"{colour}\"/>\n  <text x=\"{x + 16}\" y=\"46\" fill=\"#333333\">{contender}</text>\n");
            x += 40 + (contender.Length * 7);
        }

        var one = Left + (BarLength / Scale());
        frame.Append(CultureInfo.InvariantCulture, $"  <line x1=\"{one:F1}\" y1=\"{Top - 8}\" x2=\"{one:F1}\" y2=\"{bottom}\" stroke=\"#b00020\" stroke-dasharray=\"3 3\"/>\n");
        return frame.Append(_bars).Append("</svg>\n").ToString();
    }
}
