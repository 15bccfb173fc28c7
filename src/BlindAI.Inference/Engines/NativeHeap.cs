using System.Runtime.InteropServices;

namespace BlindAI.Inference.Engines;

/// <summary>The C heap that ONNX Runtime allocates from.</summary>
internal static partial class NativeHeap
{
    // malloc.h: M_MMAP_THRESHOLD. Setting it also ends its growth, by which glibc comes to keep blocks of up to 32 MiB in the heap.
    private const int MmapThreshold = -3;

    private const int LargeBlock = 256 * 1024;

    /// <summary>
    /// Takes blocks as large as weights from the system one by one, so that each goes back the moment it is freed. A load copies a model's weights several times over, one copy after
    /// the other: measured, the peak is then that of the copies which are alive, and not of all of them (bench/RESULTS.md).
    /// </summary>
    public static void ReturnLargeBlocksAtOnce()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = Mallopt(MmapThreshold, LargeBlock);
            }
            catch (EntryPointNotFoundException)
            {
                // As below.
            }
        }
    }

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

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Mallopt(int parameter, int value);
}
