using System.IO.Compression;
using BlindAI.Protocol;
using Grpc.Net.Compression;

namespace BlindAI.Server.Grpc;

/// <summary>Decompression of messages that ends at the limit of a request: the library bounds what arrives, and not what it expands to.</summary>
/// <param name="name">The encoding.</param>
/// <param name="limit">Most bytes of a message.</param>
/// <param name="open">Decompresses.</param>
/// <param name="failures">Names what is refused.</param>
internal sealed class BoundedDecompression(string name, int limit, Func<Stream, Stream> open, GrpcFailures failures) : ICompressionProvider
{
    public string EncodingName => name;

    // The compression of secrets together with what a caller chose tells about them by its length, so no answer is compressed.
    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => throw new InvalidOperationException("Answers are not compressed.");

    public Stream CreateDecompressionStream(Stream stream) => new BoundedStream(open(stream), limit, GrpcCall.Current, failures);

    private sealed class BoundedStream(Stream inner, int limit, GrpcCall call, GrpcFailures failures) : Stream
    {
        // The library gathers the bytes in a buffer that doubles: the old one, the new one and its free half.
        private const int Weight = 3;

        private long _produced;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            try
            {
                var read = inner.Read(buffer);
                call.GrowDecompression((long)read * Weight);
                _produced += read;
                return _produced <= limit
                    ? read
                    : throw new ServingException(ServingCode.RequestTooLarge, $"The decompressed message is over the limit of {limit} bytes.", "send fewer tensors at once, or ask the operator for a higher limit.");
            }
            catch (ServingException exception)
            {
                throw failures.Convert(exception);
            }
            catch (InvalidDataException exception)
            {
                throw failures.Convert(new ServingException(ServingCode.RequestMalformed, "The message is not validly compressed.", innerException: exception));
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
