using System.IO.Pipelines;
using System.Net;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Client.Channel;

/// <summary>The content of an answer that came sealed, opened as it is read. It ends only when its final chunk was there.</summary>
/// <param name="content">The content's bytes, each authenticated.</param>
/// <param name="owned">What ends with it: the outer answer and the keys of the exchange.</param>
internal sealed class OpenedContent(PipeReader content, params IDisposable[] owned) : HttpContent
{
    /// <summary>What a fault of a sealed answer is to a caller; null for what is none.</summary>
    public static Exception? Explain(Exception fault) => fault switch
    {
        // Cut by accident or by somebody on the way: the same to the caller as a lost connection.
        OhttpException { Fault: OhttpFault.Truncated } => HttpFaults.Lost(new HttpRequestException(HttpRequestError.ResponseEnded, fault.Message, fault)),
        OhttpException => new ServingException(ServingCode.ResponseMalformed, "The answer is not what the enclave sealed for this request: somebody on the way changed it.",
            "it may or may not have been carried out.", fault),
        HttpRequestException or IOException => HttpFaults.Lost(fault),
        _ => null,
    };

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new OpenedStream(content.AsStream()));

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var opened = new OpenedStream(content.AsStream());
        await using (opened.ConfigureAwait(false))
        {
            await opened.CopyToAsync(stream).ConfigureAwait(false);
        }
    }

    // What a length would be good for, the final chunk does better.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Complete();
            foreach (var part in owned)
            {
                part.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private sealed class OpenedStream(Stream opened) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await opened.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (Explain(exception) is { } explained)
            {
                throw explained;
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                opened.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
