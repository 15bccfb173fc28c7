using System.Globalization;

namespace BlindAI.Bench.Engine.Report;

/// <summary>How much of the processors others took while the bench ran: what it cannot see, and what makes its figures worse.</summary>
/// <remarks>
/// Source: proc(5), /proc/stat and /proc/self/stat, both in the same ticks. What this program and the children it has seen end did not use is others'
/// work, that of other virtual machines ("steal") included. A server that lowers the priority of its inference threads gives way to neighbours that a
/// plain one would share with, so a run beside much other work says little about anybody.
/// </remarks>
internal sealed class Neighbours
{
    private const int FirstOwnField = 11;

    private readonly Ticks _start = Read();

    /// <summary>The share from 0 to 1, since this was made. Children that still run count as others.</summary>
    public double Share
    {
        get
        {
            var now = Read();
            return Math.Max(0, (double)(now.Busy - _start.Busy - (now.Own - _start.Own)) / (now.All - _start.All));
        }
    }

    private static Ticks Read()
    {
        // user nice system idle iowait irq softirq steal; what guests use is in user already.
        long[] machine = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(Parse)];
        var all = machine.Sum();

        // After the name, which is in brackets: state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt, then utime stime cutime cstime.
        var self = File.ReadAllText("/proc/self/stat");
        var own = self[(self.LastIndexOf(')') + 2)..].Split(' ')[FirstOwnField..(FirstOwnField + 4)].Sum(Parse);
        return new(all, all - machine[3] - machine[4], own);
    }

    private static long Parse(string ticks) => long.Parse(ticks, NumberStyles.None, CultureInfo.InvariantCulture);

    private readonly record struct Ticks(long All, long Busy, long Own);
}
