namespace BlindAI.Protocol.Tensors;

/// <summary>Counts the bytes of tensors that the process copies, so that what is said of copies can be checked.</summary>
/// <remarks>A copy is one from memory to memory: out of the network's blocks, into them, or between two tensors. Encryption, which reads one and writes another, is none.</remarks>
public static class TensorCopies
{
    private static long _bytes;

    /// <summary>Bytes copied since the process began.</summary>
    public static long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Notes a copy.</summary>
    public static void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
