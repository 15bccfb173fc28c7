using System.Globalization;

namespace BlindAI.Server.Telemetry;

/// <summary>How busy the machine is, as its kernel says: what an operator charts, and nothing to rely on.</summary>
/// <remarks>Source: proc_stat(5), proc_meminfo(5).</remarks>
/// <param name="folder">Where the kernel's files are.</param>
internal sealed class MachineLoad(string folder = "/proc")
{
    /// <summary>Both files have a few kilobytes; on a machine of 1,000 processors <c>stat</c> has 100.</summary>
    private const int MaxFileLength = 1 << 20;

    private const long Kibibyte = 1024;

    private readonly Lock _gate = new();
    private long _busy;
    private long _total;

    /// <summary>The part of the processors that was busy since the last call, or since the machine's start: 0 to 1. Null where the kernel does not say.</summary>
    public decimal? ReadUtilization()
    {
        // cpu  user nice system idle iowait irq softirq steal guest guest_nice; guest is in user already.
        var line = ReadLines("stat").FirstOrDefault(line => line.StartsWith("cpu ", StringComparison.Ordinal));
        var times = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray();
        if (times is not { Length: >= 4 } || times.Contains(null))
        {
            return null;
        }

        lock (_gate)
        {
            var total = times.Sum()!.Value;
            var busy = total - times[3]!.Value - times.ElementAtOrDefault(4).GetValueOrDefault();
            var (busySince, totalSince) = (busy - _busy, total - _total);
            (_busy, _total) = (busy, total);
            return totalSince <= 0 ? 0 : Math.Clamp((decimal)busySince / totalSince, 0, 1);
        }
    }

    /// <summary>The memory of the machine in bytes. Null where the kernel does not say.</summary>
    public (long Total, long Used)? ReadMemory()
    {
        long? total = null, available = null;
        foreach (var line in ReadLines("meminfo"))
        {
            // MemTotal:       16384 kB
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var name, var value, "kB"])
            {
                total = name == "MemTotal:" ? Number(value) : total;
                available = name == "MemAvailable:" ? Number(value) : available;
            }
        }

        return total is { } all && available is { } free && free <= all ? (all * Kibibyte, (all - free) * Kibibyte) : null;
    }

    // No more than 2^50, so that sums and products stay numbers.
    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 1L << 50 ? number : null;

    private string[] ReadLines(string name)
    {
        try
        {
            using var file = File.OpenRead(Path.Combine(folder, name));
            var bytes = new byte[MaxFileLength];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return System.Text.Encoding.ASCII.GetString(bytes, 0, length).Split('\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
