using System.Globalization;

namespace BlindAI.Bench.Engine.Server;

/// <summary>A process's memory as the kernel counts it.</summary>
/// <param name="Resident">VmRSS, in bytes.</param>
/// <param name="Peak">VmHWM, in bytes: the most it ever was, or since the peak was reset.</param>
internal readonly record struct ProcessMemory(long Resident, long Peak)
{
    public static ProcessMemory Read(int process)
    {
        var lines = File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"));
        return new(Find("VmRSS:"), Find("VmHWM:"));

        long Find(string name) =>
            long.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Makes the peak what the process holds now (proc(5), clear_refs).</summary>
    public static void ResetPeak(int process) => File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/clear_refs"), "5");
}
