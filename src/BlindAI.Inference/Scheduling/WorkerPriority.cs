using System.Runtime.InteropServices;

namespace BlindAI.Inference.Scheduling;

/// <summary>Lowers the calling thread, so that the threads which read and answer requests go first.</summary>
/// <remarks>Thread.Priority does nothing on Linux. There a niceness belongs to a thread, although POSIX gives it to the process (setpriority(2), NOTES).</remarks>
internal static partial class WorkerPriority
{
    private const int PrioProcess = 0;

    public static void Lower(int niceness)
    {
        if (OperatingSystem.IsLinux() && niceness > 0)
        {
            // Where it is refused, the worker runs at the ordinary priority: slower answers, no wrong ones.
            _ = SetPriority(PrioProcess, GetThreadId(), niceness);
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial uint GetThreadId();

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);
}
