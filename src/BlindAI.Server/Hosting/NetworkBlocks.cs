using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace BlindAI.Server.Hosting;

/// <summary>The memory that Kestrel reads into and writes from: blocks as large as a TLS record, zeroed before another connection gets them.</summary>
/// <remarks>
/// Kestrel's own blocks have 4 KiB, so a record of 16 KiB takes four reads and four locks; measured, blocks of 16 KiB carry a quarter more images a second, and larger ones
/// hardly more (bench/RESULTS.md).
/// </remarks>
internal sealed class NetworkBlocks : IMemoryPoolFactory<byte>
{
    /// <summary>Bytes of a block: the plaintext of the largest TLS record (RFC 8446, section 5.1).</summary>
    public const int BlockLength = 16 * 1024;

    /// <summary>Blocks that a pool keeps for later: 64 MiB.</summary>
    private const int MaxKept = 4096;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<byte[]> _kept = new();
        private int _count;

        public override int MaxBufferSize => BlockLength;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockLength);
            if (_kept.TryDequeue(out var block))
            {
                _ = Interlocked.Decrement(ref _count);
            }

            // Pinned for good: the socket reads into it without pinning it anew.
            return new Block(this, block ?? GC.AllocateArray<byte>(BlockLength, pinned: true));
        }

        protected override void Dispose(bool disposing) => _kept.Clear();

        private void Return(byte[] block)
        {
            block.AsSpan().Clear();
            if (Interlocked.Increment(ref _count) <= MaxKept)
            {
                _kept.Enqueue(block);
            }
            else
            {
                _ = Interlocked.Decrement(ref _count);
            }
        }

        private sealed class Block(Pool pool, byte[] bytes) : IMemoryOwner<byte>
        {
            private byte[]? _bytes = bytes;

            public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(Block));

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _bytes, null) is { } given)
                {
                    pool.Return(given);
                }
            }
        }
    }
}
