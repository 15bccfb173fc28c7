using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Protocol.Gate;

namespace BlindAI.Client.Channel;

/// <summary>The preface on one TLS connection: asks who is there, and reads what proves it.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 9. Whoever answers is unverified until his answer has been judged.</remarks>
internal sealed class GateExchange(Uri server, TimeProvider clock)
{
    /// <summary>Longest time for a server to answer a preface.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConditionalWeakTable<object, IReadOnlyList<ReadOnlyMemory<byte>>> _intermediates = [];

    /// <summary>The TLS callback: takes any certificate, and keeps what came with it. What it proves is decided on the connection itself, before HTTP.</summary>
    public bool Observe(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _intermediates.AddOrUpdate(sender, chain is null ? [] : [.. chain.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData)]);
        return certificate is not null;
    }

    /// <summary>Asks for evidence of this connection.</summary>
    /// <param name="connection">After its handshake.</param>
    /// <param name="binder">This end's binder; null to ask for none.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    /// <exception cref="AttestationException">There is no gate, it refused, or its answer does not parse.</exception>
    public async Task<EvidenceTranscript> AskForEvidenceAsync(SslStream connection, ChannelBinder? binder, CancellationToken cancellationToken)
    {
        var nonce = Nonce.Create();
        var answer = await AskAsync(connection, new() { Nonce = nonce, WantsBinder = binder is not null }, GateAnswer.MaxEvidenceLength, cancellationToken).ConfigureAwait(false);
        var evidence = EvidenceObjectCbor.Parse(answer);
        return new()
        {
            Seen = new TlsObservation
            {
                Nonce = nonce,
                Host = server.IdnHost,
                TlsCertificate = connection.RemoteCertificate!.GetRawCertData(),
                TlsIntermediates = _intermediates.TryGetValue(connection, out var intermediates) ? intermediates : [],
                Binder = binder,
            },
            Evidence = evidence,
            Encoded = EvidenceObjectJson.Encode(evidence),
            ReceivedAt = clock.GetUtcNow(),
        };
    }

    /// <summary>Asks a verified enclave to sign this connection, and verifies that it did.</summary>
    /// <exception cref="AttestationException">There is no gate, it refused, or the signature is not the enclave's.</exception>
    public static async Task AskForProofAsync(SslStream connection, TlsProof proof, ChannelBinder? binder, CancellationToken cancellationToken)
    {
        var nonce = Nonce.Create();
        var request = new GateRequest { Nonce = nonce, WantsBinder = binder is not null, VerifiedClaims = proof.Enclave.ClaimsDigest };
        var signature = await AskAsync(connection, request, ConnectionProof.SignatureLength, cancellationToken).ConfigureAwait(false);
        ConnectionProof.Verify(proof.Enclave, VerifiedKeys.KeyOf(connection.RemoteCertificate!), nonce, binder, signature);
    }

    private static async Task<byte[]> AskAsync(SslStream connection, GateRequest request, int wanted, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await connection.WriteAsync(request.Encode(), limit.Token).ConfigureAwait(false);
            await connection.FlushAsync(limit.Token).ConfigureAwait(false);

            // The magic first: what has no gate may say less than a whole head.
            var head = new byte[GateAnswer.HeadLength];
            await connection.ReadExactlyAsync(head, limit.Token).ConfigureAwait(false);
            var answer = GateAnswer.Parse(head, wanted);
            var body = new byte[answer.Length];
            await connection.ReadExactlyAsync(body, limit.Token).ConfigureAwait(false);
            return answer.IsRefusal ? throw Refused(ErrorBody.TryParse(body)) : body;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AttestationException(RejectionCode.EvidenceUnavailable, $"The server did not prove itself within {Patience.TotalSeconds:0} s.",
                "try again; if it is always so, the server has no gate: check the URL, or connect in pinned mode, or, if a proxy ends TLS, in sealed mode.", exception);
        }
        catch (IOException exception)
        {
            throw new AttestationException(RejectionCode.EvidenceUnavailable, "The connection ended before the server had proved itself.", "try again; is this the attested port of a BlindAI server?", exception);
        }
    }

    // An unverified server's words decide nothing; only its code is told on, and never its text.
    private static AttestationException Refused(ErrorBody? error) => new(RejectionCode.EvidenceUnavailable,
        error is null ? "The server refused to prove itself." : $"The server refused to prove itself (code {error.Code}).",
        error?.Code == (int)ServingCode.Overloaded ? "too many clients ask at once; try again in a second." : "docs/errors.md says what the code means.");
}
