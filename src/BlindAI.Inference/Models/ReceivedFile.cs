using System.Security.Cryptography;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A file in the making: bytes go from the body straight to their place and are hashed there.</summary>
/// <remarks>
/// Memory follows what has arrived: it doubles, or grows eightfold towards a stated length, so that an honest one costs few copies and no last one,
/// and a false one costs little. Blocks are pinned, so that the collector leaves no copies behind, and zeroed when they are outgrown.
/// </remarks>
internal sealed class ReceivedFile(long? statedLength) : IDisposable
{
    private const int FirstCapacity = 1 << 16;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _bytes = Allocate((int)Math.Min(statedLength ?? FirstCapacity, FirstCapacity));
    private int _length;

    /// <summary>Receives up to the end of the body.</summary>
    /// <exception cref="ServingException">As <see cref="ReceivedBody.ReadAsync"/>; <see cref="ServingCode.RequestTooLarge"/>: over 2 GiB.</exception>
    public async ValueTask ReceiveAllAsync(ReceivedBody body, CancellationToken cancellationToken)
    {
        var probe = new byte[1];
        while (true)
        {
            // A full block may be all there is: one byte tells, without growing for nothing.
            var isFull = _length == _bytes.Length;
            var count = await body.ReadAsync(isFull ? probe : _bytes.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            if (isFull)
            {
                Grow();
                _bytes[_length] = probe[0];
                probe[0] = 0;
            }

            Advance(count);
        }
    }

    /// <summary>Receives exactly the stated length.</summary>
    /// <exception cref="ServingException">As <see cref="ReceivedBody.ReadExactlyAsync"/>; <see cref="ServingCode.RequestTooLarge"/>: over 2 GiB.</exception>
    public async ValueTask ReceiveStatedAsync(ReceivedBody body, CancellationToken cancellationToken)
    {
        while (_length < statedLength)
        {
            if (_length == _bytes.Length)
            {
                Grow();
            }

            var count = await body.ReadAsync(_bytes.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw ReceivedBody.Incomplete();
            }

            Advance(count);
        }
    }

    /// <summary>Hands the bytes over under their path; this no longer owns them.</summary>
    public BundleFile Finish(BundlePath path)
    {
        if (_bytes.Length != _length)
        {
            Resize(_length);
        }

        var bytes = _bytes;
        _bytes = [];
        return new(new ManifestEntry(path, _length, Convert.ToHexStringLower(_hash.GetHashAndReset())), bytes);
    }

    /// <summary>Zeroes what was received and not handed over.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_bytes);
        _hash.Dispose();
    }

    private static byte[] Allocate(int capacity) => GC.AllocateUninitializedArray<byte>(capacity, pinned: true);

    private void Advance(int count)
    {
        _hash.AppendData(_bytes, _length, count);
        _length += count;
    }

    private void Grow()
    {
        if (_length == Array.MaxLength)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"A file of the bundle is over {Array.MaxLength} bytes.",
                "keep the weights in several external data files.");
        }

        var capacity = statedLength > _length ? Math.Min(8L * _length, statedLength.Value) : 2L * _length;
        Resize((int)Math.Clamp(capacity, FirstCapacity, Array.MaxLength));
    }

    private void Resize(int capacity)
    {
        var old = _bytes;
        _bytes = Allocate(capacity);
        old.AsSpan(0, _length).CopyTo(_bytes);
        CryptographicOperations.ZeroMemory(old);
    }
}
