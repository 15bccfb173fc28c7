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

    /// <summary>Blocks that a pool keeps for later: 8 MiB. More would only be what a crowd once needed at the same moment.</summary>
    private const int MaxKept = 512;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        private readonly ConcurrentQueue<Block> _kept = new();
        private int _count;

        public override int MaxBufferSize => BlockLength;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockLength);
            if (_kept.TryDequeue(out var block))
            {
                _ = Interlocked.Decrement(ref _count);
                block.IsRented = true;
                return block;
            }

            return new Block(this);
        }

        protected override void Dispose(bool disposing) => _kept.Clear();

        private void Return(Block block)
        {
            if (Interlocked.Increment(ref _count) <= MaxKept)
            {
                _kept.Enqueue(block);
            }
            else
            {
                _ = Interlocked.Decrement(ref _count);
            }
        }

        // Pinned for good: the socket reads into it without pinning it anew.
        private sealed class Block(Pool pool) : IMemoryOwner<byte>
        {
            private readonly byte[] _bytes = GC.AllocateArray<byte>(BlockLength, pinned: true);

            public bool IsRented { get; set; } = true;

            public Memory<byte> Memory => _bytes;

            public void Dispose()
            {
                if (IsRented)
                {
                    IsRented = false;
                    _bytes.AsSpan().Clear();
                    pool.Return(this);
                }
            }
        }
    }
}
