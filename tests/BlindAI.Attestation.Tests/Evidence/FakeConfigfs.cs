using System.Globalization;
using System.Text;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>What the kernel does behind <c>/sys/kernel/config/tsm/report</c>, and how it may refuse.</summary>
/// <remarks>Source: Linux, drivers/virt/coco/guest/report.c: an entry has its own generation, one more with each write; nothing is read before something was written.</remarks>
internal sealed class FakeConfigfs(string provider) : IConfigfs
{
    private readonly Dictionary<string, (int Generation, byte[]? Input)> _entries = new(StringComparer.Ordinal);

    /// <summary>Every entry that was ever made.</summary>
    public List<string> Made { get; } = [];

    /// <summary>The operations in their order, without the entry.</summary>
    public List<string> Operations { get; } = [];

    public int Entries => _entries.Count;

    /// <summary>Makes evidence of what was written.</summary>
    public Func<byte[], byte[]> Sign { get; set; } = input => [.. "report of "u8, .. input];

    public byte[]? Auxiliary { get; set; } = [];

    /// <summary>Refuses an operation by throwing; called before each, with its name, such as <c>read outblob</c>.</summary>
    public Action<string> Before { get; set; } = _ => { };

    public string Path => "/fake/tsm/report";

    /// <summary>The write of another program between two operations of ours.</summary>
    public void Interfere()
    {
        foreach (var (name, state) in _entries.ToList())
        {
            _entries[name] = (state.Generation + 1, new byte[64]);
        }
    }

    public void MakeEntry(string entry)
    {
        Step("make");
        Made.Add(entry);
        Assert.True(_entries.TryAdd(entry, (0, null)));
    }

    public void Write(string entry, string attribute, ReadOnlySpan<byte> value)
    {
        Step($"write {attribute}");
        Assert.Equal("inblob", attribute);
        Assert.InRange(value.Length, 1, 64);
        _entries[entry] = (_entries[entry].Generation + 1, value.ToArray());
    }

    public byte[] Read(string entry, string attribute, int limit)
    {
        Step($"read {attribute}");
        var (generation, input) = _entries[entry];
        return attribute switch
        {
            "generation" => Encoding.ASCII.GetBytes(generation.ToString(CultureInfo.InvariantCulture) + "\n"),
            "provider" => Encoding.ASCII.GetBytes(provider + "\n"),
            "outblob" => Sign(input ?? throw new IOException("EINVAL", 22)),
            "auxblob" => Auxiliary ?? throw new FileNotFoundException(),
            _ => throw new FileNotFoundException(),
        };
    }

    public void RemoveEntry(string entry)
    {
        Step("remove");
        Assert.True(_entries.Remove(entry));
    }

    private void Step(string operation)
    {
        Before(operation);
        Operations.Add(operation);
    }
}
