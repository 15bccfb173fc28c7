using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BlindAI.Attestation.Evidence;

/// <summary>A device file of Linux.</summary>
/// <remarks>Source: ioctl(2).</remarks>
internal sealed partial class LinuxDevice : IControlDevice
{
    private readonly SafeFileHandle _handle;

    private LinuxDevice(SafeFileHandle handle) => _handle = handle;

    /// <exception cref="IOException">It is not there, or may not be opened.</exception>
    public static LinuxDevice Open(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));

    public int Control(uint request, Span<byte> argument) =>
        InputOutputControl(_handle, request, ref MemoryMarshal.GetReference(argument)) >= 0 ? 0 : Marshal.GetLastPInvokeError();

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int InputOutputControl(SafeFileHandle device, nuint request, ref byte argument);
}
