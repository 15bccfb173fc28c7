using System.Diagnostics;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What the kernel shows of a process to others.</summary>
internal static class OutsideView
{
    /// <summary>The user that owns nothing; servers run as it where the tests run as root.</summary>
    private static readonly string[] AsNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];

    /// <summary>Whether the tests may change the user.</summary>
    public static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>Makes a process start without privileges.</summary>
    public static void DropPrivileges(ProcessStartInfo start)
    {
        if (!IsRoot)
        {
            return;
        }

        string[] all = [.. AsNobody, start.FileName, .. start.ArgumentList];
        start.FileName = "setpriv";
        start.ArgumentList.Clear();
        Array.ForEach(all, start.ArgumentList.Add);
    }

    /// <summary>Runs a program as the user that the server runs as.</summary>
    public static Task<ProgramRun> RunAsSameUserAsync(string program, params string[] arguments) => IsRoot
        ? ProgramRun.StartAsync("setpriv", [.. AsNobody, program, .. arguments])
        : ProgramRun.StartAsync(program, arguments);

    /// <summary>Asserts that nobody can ask the runtime for a dump: it has no socket, open or left behind.</summary>
    public static void AssertNoDiagnostics(int processId, string temporary)
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
        Assert.DoesNotContain(File.ReadLines("/proc/net/unix"), line => line.Contains($"-diagnostic-{processId}-", StringComparison.Ordinal) || line.Contains(temporary, StringComparison.Ordinal));
        foreach (var folder in new[] { "/tmp", Path.GetTempPath() })
        {
            Assert.Empty(Directory.EnumerateFiles(folder, $"*-diagnostic-{processId}-*"));
            Assert.Empty(Directory.EnumerateFiles(folder, $"clr-debug-pipe-{processId}-*"));
        }
    }

    /// <summary>Asserts that a crash writes no core.</summary>
    public static void AssertNoCore(int processId)
    {
        var limit = Assert.Single(File.ReadLines($"/proc/{processId}/limits"), line => line.StartsWith("Max core file size", StringComparison.Ordinal));
        Assert.Equal(["0", "0", "bytes"], limit["Max core file size".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
