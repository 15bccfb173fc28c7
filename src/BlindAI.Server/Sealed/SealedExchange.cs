using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Sealed;

/// <summary>A request that came sealed: what of it the pipeline asks for beyond its head. A context that has this feature came sealed.</summary>
/// <param name="outer">The request that carried it.</param>
/// <param name="encapsulation">The sender's ephemeral key.</param>
/// <param name="message">The Binary HTTP message.</param>
/// <param name="body">The sealed bytes, whose number is limited.</param>
internal sealed class SealedExchange(HttpContext outer, ReadOnlyMemory<byte> encapsulation, BinaryHttpReader message, SealedBody body)
    : IHttpRequestLifetimeFeature, IRequestBodyPipeFeature, IHttpMaxRequestBodySizeFeature
{
    // Padding may double a message; frames and tags of chunks come on top, as does a head.
    private const long ExtraBytes = 1024 * 1024;

    private ExceptionDispatchInfo? _fault;

    /// <summary>The sender's ephemeral key, which no honest request shares.</summary>
    public ReadOnlyMemory<byte> Encapsulation => encapsulation;

    /// <summary>The head; null when it could not be read.</summary>
    public BinaryHttpRequestHead? Head { get; private set; }

    /// <summary>Whether the answer was given up after it had begun.</summary>
    public bool IsAborted { get; private set; }

    public PipeReader Reader => message;

    public CancellationToken RequestAborted { get; set; } = outer.RequestAborted;

    public bool IsReadOnly => false;

    // Of the content as it arrives, before decompression.
    public long? MaxRequestBodySize
    {
        get;
        set
        {
            field = value;
            body.Limit = SealedLimit(value ?? throw new InvalidOperationException("A sealed request has a limit."));
        }
    }

    /// <summary>Most sealed bytes of a request with so much content.</summary>
    public static long SealedLimit(long contentBytes) => (2 * contentBytes) + ExtraBytes;

    /// <summary>Reads the head. What is wrong with it is kept, to be told in the answer.</summary>
    public async Task ReadHeadAsync()
    {
        try
        {
            Head = await message.ReadRequestHeadAsync(RequestAborted);
        }
        catch (Exception exception) when (exception is ServingException or OhttpException or BadHttpRequestException)
        {
            _fault = ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>The head, or what was wrong with it.</summary>
    public BinaryHttpRequestHead RequireHead()
    {
        _fault?.Throw();
        return Head!;
    }

    /// <summary>Makes sure that the message ends, and has no content: a truncated one is not acted on.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public async Task ExpectNoContentAsync()
    {
        MaxRequestBodySize = 0;
        var result = await message.ReadAsync(RequestAborted);
        var isEmpty = result.Buffer.IsEmpty && result.IsCompleted;
        message.AdvanceTo(result.Buffer.End);
        if (!isEmpty)
        {
            throw new ServingException(ServingCode.RequestMalformed, "A request of this method has no content.");
        }
    }

    public void Abort()
    {
        IsAborted = true;
        outer.Abort();
    }
}
