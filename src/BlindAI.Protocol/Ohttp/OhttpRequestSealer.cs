using System.IO.Pipelines;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>The client's end of one exchange: seals a request to a key that was verified, and opens the answer. Disposing it ends both.</summary>
/// <remarks>Source: RFC 9458, section 4.3; draft-ietf-ohai-chunked-ohttp-08, section 6. For one request: a repeated one needs a new sealer.</remarks>
public sealed class OhttpRequestSealer : IDisposable
{
    /// <summary>Bytes of a request before its first chunk: header and encapsulation.</summary>
    public const int HeadLength = OhttpSuite.HeaderLength + HpkeSuite.PublicKeyLength;

    private readonly HpkeContext _context;
    private AeadSequence? _response;

    private OhttpRequestSealer(OhttpForm form, byte[] head, HpkeContext context)
    {
        _context = context;
        Chunks = new(form, head, context.Sequence);
    }

    /// <summary>Seals the request; <see cref="OhttpWriter"/> does it for a whole message.</summary>
    public OhttpChunkSealer Chunks { get; }

    /// <summary>The cipher.</summary>
    public HpkeAead Aead => _context.Aead;

    /// <summary>Bytes of the answer before its first chunk.</summary>
    public int ResponseNonceLength => OhttpSuite.ResponseNonceLength(_context.Aead);

    /// <summary>Makes a fresh ephemeral key and agrees with the server's.</summary>
    public static OhttpRequestSealer Create(OhttpKeyConfiguration configuration, OhttpForm form = OhttpForm.Chunked)
    {
        using var ephemeral = HpkePrivateKey.Generate();
        return Create(configuration, form, ephemeral);
    }

    /// <summary>Derives the answer's keys from the nonce that precedes it. Once: an exchange has one answer.</summary>
    /// <exception cref="OhttpException"><see cref="OhttpFault.Malformed"/>: a nonce of another length.</exception>
    public OhttpChunkOpener CreateResponseOpener(ReadOnlySpan<byte> responseNonce)
    {
        if (responseNonce.Length != ResponseNonceLength)
        {
            throw new OhttpException(OhttpFault.Malformed);
        }

        if (_response is not null)
        {
            throw new InvalidOperationException("The answer is being opened already.");
        }

        _response = OhttpSuite.DeriveResponse(_context, Chunks.Form, responseNonce);
        return new(Chunks.Form, _response);
    }

    /// <summary>Reads the nonce of an answer and gives a reader of the message behind it, which takes over the body.</summary>
    /// <exception cref="OhttpException"><see cref="OhttpFault.Truncated"/>.</exception>
    public async ValueTask<OhttpReader> ReadResponseAsync(PipeReader body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new(body, CreateResponseOpener(await OhttpReader.ReadHeadAsync(body, ResponseNonceLength, cancellationToken).ConfigureAwait(false)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _response?.Dispose();
    }

    /// <summary>Seals with a given ephemeral key, for golden values.</summary>
    internal static OhttpRequestSealer Create(OhttpKeyConfiguration configuration, OhttpForm form, HpkePrivateKey ephemeral, HpkeAead? aead = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var cipher = aead ?? configuration.PreferredAead;
        var head = new byte[HeadLength];
        OhttpSuite.WriteHeader(head, configuration.KeyId, cipher);
        Span<byte> info = stackalloc byte[OhttpSuite.MaxInfoLength];
        var length = OhttpSuite.WriteInfo(info, form, head.AsSpan(0, OhttpSuite.HeaderLength));
        var context = HpkeContext.CreateSender(configuration.PublicKey, cipher, info[..length], ephemeral);
        context.Encapsulation.Span.CopyTo(head.AsSpan(OhttpSuite.HeaderLength));
        return new(form, head, context);
    }
}
