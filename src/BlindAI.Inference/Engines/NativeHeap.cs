using System.Runtime.InteropServices;

namespace BlindAI.Inference.Engines;

/// <summary>The C heap that ONNX Runtime allocates from.</summary>
internal static partial class NativeHeap
{
    /// <summary>
    /// Gives freed memory back to the system. Loading frees as much as a model's size twice over, which the heap would keep: measured, a loaded model
    /// then takes 1.26 times its file and not 3.2 times.
    /// </summary>
    public static void Trim()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = MallocTrim(0);
            }
            catch (EntryPointNotFoundException)
            {
                // Not every C library has it (musl): it saves memory and means nothing else.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
