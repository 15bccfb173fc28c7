using System.Globalization;
using System.Text;

namespace BlindAI.Server.Telemetry;

/// <summary>Writes the Prometheus text format. Every sample belongs to the family that was begun last, so that a family's lines stay together.</summary>
/// <remarks>Source: Prometheus text exposition format 0.0.4.</remarks>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4";

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private string _family = "";

    /// <summary>Begins a family; its name was used by no other.</summary>
    public void Family(string name, string type, string help)
    {
        if (!_families.Add(name))
        {
            throw new ArgumentException($"The family {name} was begun before.", nameof(name));
        }

        _family = name;
        _ = _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _ = _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>A family of one sample without labels.</summary>
    public void Counter(string name, string help, long value)
    {
        Family(name, "counter", help);
        Sample(value);
    }

    /// <summary>A family of one sample without labels.</summary>
    public void Gauge(string name, string help, long value)
    {
        Family(name, "gauge", help);
        Sample(value);
    }

    /// <summary>A histogram without labels.</summary>
    /// <param name="name">The family.</param>
    /// <param name="help">What it is.</param>
    /// <param name="bounds">Upper bounds of the buckets, ascending, each included.</param>
    /// <param name="counts">Events of each bucket, not cumulative; one more than the bounds, for what is beyond them.</param>
    /// <param name="sum">The sum of all values.</param>
    public void Histogram(string name, string help, IReadOnlyList<decimal> bounds, IReadOnlyList<long> counts, decimal sum)
    {
        Family(name, "histogram", help);
        var cumulative = 0L;
        for (var index = 0; index <= bounds.Count; index++)
        {
            cumulative += counts[index];
            Line("_bucket", Text(cumulative), ("le", index < bounds.Count ? Text(bounds[index]) : "+Inf"));
        }

        Line("_sum", Text(sum));

        // The last bucket's, and not a count of its own: both must agree while others count on.
        Line("_count", Text(cumulative));
    }

    /// <summary>A sample of the family.</summary>
    public void Sample(long value, params ReadOnlySpan<(string Name, string Value)> labels) => Line("", Text(value), labels);

    /// <summary>A sample of the family.</summary>
    public void Sample(decimal value, params ReadOnlySpan<(string Name, string Value)> labels) => Line("", Text(value), labels);

    public override string ToString() => _text.ToString();

    private void Line(string suffix, string value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _ = _text.Append(_family).Append(suffix);
        var separator = '{';
        foreach (var (name, text) in labels)
        {
            _ = _text.Append(separator).Append(name).Append("=\"");
            Escape(text);
            _ = _text.Append('"');
            separator = ',';
        }

        _ = _text.Append(labels.IsEmpty ? " " : "} ").Append(value).Append('\n');
    }

    private void Escape(string value)
    {
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => _text.Append("\\\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(character),
            };
        }
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(decimal value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
