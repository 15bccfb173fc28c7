using System.Security.Cryptography;

namespace BlindAI.Protocol.Models;

/// <summary>Hashes a file on its way through, and holds it to the length it had when it was listed.</summary>
/// <remarks>It states that length as its own, since a tar header comes before the bytes it counts.</remarks>
internal sealed class HashingStream(Stream source, ModelFile file, long progressStart, IProgress<long>? progress) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Size;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    /// <summary>The SHA-256 of what passed: 64 lower hexadecimal digits.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: the file is shorter than it was.</exception>
    public string Finish() => _read == file.Size ? Convert.ToHexStringLower(_hash.GetHashAndReset()) : throw Changed();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => Pass(buffer[..source.Read(buffer)]);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        return Pass(buffer.Span[..count]);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }

    private int Pass(ReadOnlySpan<byte> bytes)
    {
        _read += bytes.Length;
        if (_read > file.Size)
        {
            throw Changed();
        }

        _hash.AppendData(bytes);
        if (!bytes.IsEmpty)
        {
            progress?.Report(progressStart + _read);
        }

        return bytes.Length;
    }

    private ServingException Changed() => new(ServingCode.BundleInvalid, $"\"{file.Path}\" changed while it was read.", "try again when nothing writes to it.");
}
