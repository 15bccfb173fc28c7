using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Client.Channel;

/// <summary>An inference body: the JSON, then every tensor's own memory, uncopied.</summary>
internal sealed class InferenceContent : HttpContent, IRepeatableContent
{
    private readonly ReadOnlyMemory<byte> _header;

    private readonly IReadOnlyList<NamedTensor> _inputs;

    private readonly long _length;

    public InferenceContent(ReadOnlyMemory<byte> header, IReadOnlyList<NamedTensor> inputs)
    {
        _header = header;
        _inputs = inputs;
        _length = header.Length + inputs.Sum(input => (long)input.Tensor.Data.Length);
        Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.OctetStream);
        Headers.Add(HeaderNames.InferenceHeaderContentLength, header.Length.ToString(CultureInfo.InvariantCulture));
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_header, cancellationToken).ConfigureAwait(false);
        foreach (var (_, tensor) in _inputs)
        {
            await stream.WriteAsync(tensor.Data, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
