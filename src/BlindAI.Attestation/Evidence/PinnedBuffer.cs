using System.Runtime.InteropServices;

namespace BlindAI.Attestation.Evidence;

/// <summary>Bytes that stay where they are, so that a structure may name their address.</summary>
/// <remarks>Keep it in scope (<see cref="GC.KeepAlive"/>) for as long as the kernel has the address.</remarks>
internal sealed class PinnedBuffer(int length)
{
    public byte[] Bytes { get; } = GC.AllocateArray<byte>(length, pinned: true);

    public ulong Address => (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(Bytes, 0);
}
