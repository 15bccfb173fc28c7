using System.IO.Pipelines;
using System.Security.Cryptography;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>The server's end of one exchange: opens a request, and seals the answer. Disposing it ends both.</summary>
/// <remarks>Source: RFC 9458, sections 4.3 and 4.4; draft-ietf-ohai-chunked-ohttp-08, sections 6 and 7.</remarks>
public sealed class OhttpRequestOpener : IDisposable
{
    private readonly HpkeContext _context;
    private AeadSequence? _response;

    private OhttpRequestOpener(byte keyId, OhttpForm form, HpkeContext context)
    {
        KeyId = keyId;
        _context = context;
        Chunks = new(form, context.Sequence);
    }

    /// <summary>Which of the server's keys the request is sealed to.</summary>
    public byte KeyId { get; }

    /// <summary>The sender's ephemeral key (enc, 65 bytes): no two honest requests have the same, so a replay is known by it.</summary>
    public ReadOnlyMemory<byte> Encapsulation => _context.Encapsulation;

    /// <summary>Opens the request; <see cref="OhttpReader"/> does it for a whole message.</summary>
    public OhttpChunkOpener Chunks { get; }

    /// <summary>Agrees with the key that the sender used.</summary>
    /// <param name="head">The first <see cref="OhttpRequestSealer.HeadLength"/> bytes of the body.</param>
    /// <param name="form">The form that the media type names.</param>
    /// <param name="findKey">The key of an id; null when there is none (any more).</param>
    /// <exception cref="OhttpException"><see cref="OhttpFault.KeyUnknown"/>: key or suite; <see cref="OhttpFault.Malformed"/>: everything else.</exception>
    public static OhttpRequestOpener Create(ReadOnlySpan<byte> head, OhttpForm form, Func<byte, HpkePrivateKey?> findKey)
    {
        ArgumentNullException.ThrowIfNull(findKey);
        if (head.Length != OhttpRequestSealer.HeadLength)
        {
            throw new OhttpException(OhttpFault.Malformed);
        }

        var header = head[..OhttpSuite.HeaderLength];
        if (OhttpSuite.ReadSuite(header) is not { } aead || findKey(header[0]) is not { } key)
        {
            throw new OhttpException(OhttpFault.KeyUnknown);
        }

        Span<byte> info = stackalloc byte[OhttpSuite.MaxInfoLength];
        var length = OhttpSuite.WriteInfo(info, form, header);
        try
        {
            return new(header[0], form, HpkeContext.CreateRecipient(key, head[OhttpSuite.HeaderLength..], aead, info[..length]));
        }
        catch (HpkeException exception)
        {
            throw new OhttpException(OhttpFault.Malformed, exception);
        }
        catch (ObjectDisposedException exception)
        {
            // The key's time ended after it was found.
            throw new OhttpException(OhttpFault.KeyUnknown, exception);
        }
    }

    /// <summary>Reads the head of a request, then agrees as <see cref="Create"/> does. The message is behind it.</summary>
    /// <exception cref="OhttpException">As <see cref="Create"/>; <see cref="OhttpFault.Truncated"/>.</exception>
    public static async ValueTask<OhttpRequestOpener> ReadAsync(PipeReader body, OhttpForm form, Func<byte, HpkePrivateKey?> findKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Create(await OhttpReader.ReadHeadAsync(body, OhttpRequestSealer.HeadLength, cancellationToken).ConfigureAwait(false), form, findKey);
    }

    /// <summary>Starts the answer under a fresh response nonce, in the form of the request. Once: an exchange has one answer.</summary>
    public OhttpChunkSealer CreateResponseSealer() => CreateResponseSealer(RandomNumberGenerator.GetBytes(OhttpSuite.ResponseNonceLength(_context.Aead)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _response?.Dispose();
    }

    /// <summary>Starts the answer under a given response nonce, for golden values.</summary>
    internal OhttpChunkSealer CreateResponseSealer(byte[] responseNonce)
    {
        if (_response is not null)
        {
            throw new InvalidOperationException("The answer is being sealed already.");
        }

        _response = OhttpSuite.DeriveResponse(_context, Chunks.Form, responseNonce);
        return new(Chunks.Form, responseNonce, _response);
    }
}
