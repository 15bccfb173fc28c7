using System.Runtime.InteropServices;

namespace BlindAI.Server.Hosting;

/// <summary>The system calls of start-up hardening.</summary>
/// <remarks>Source: prctl(2), setrlimit(2), execve(2) of Linux.</remarks>
internal static partial class LinuxProcess
{
    private const int PrSetDumpable = 4;

    private const int RlimitCore = 4;

    /// <summary>Forbids dumps of this process, and reading its memory through /proc or ptrace without privileges.</summary>
    /// <exception cref="PlatformNotSupportedException">The kernel refused.</exception>
    public static void ForbidDumps()
    {
        if (SetProcessControl(PrSetDumpable, 0, 0, 0, 0) != 0)
        {
            throw new PlatformNotSupportedException($"prctl(PR_SET_DUMPABLE) failed with error {Marshal.GetLastPInvokeError()}.");
        }

        var none = new ResourceLimit(0, 0);
        if (SetResourceLimit(RlimitCore, in none) != 0)
        {
            throw new PlatformNotSupportedException($"setrlimit(RLIMIT_CORE) failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Replaces this program by another, or the same, in the same process; returns only when that fails.</summary>
    public static int Replace(string path, string[] arguments, string[] environment)
    {
        _ = Execute(path, [.. arguments, null], [.. environment, null]);
        return Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int SetProcessControl(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetResourceLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments, string?[] environment);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct ResourceLimit(nuint Current, nuint Most);
}
