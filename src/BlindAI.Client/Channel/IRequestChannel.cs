using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>The only way to a server: it exists only once an enclave has met the policy, and reaches verified enclaves only.</summary>
internal interface IRequestChannel : IAsyncDisposable
{
    /// <summary>The enclave that was verified last.</summary>
    VerifiedEnclave Enclave { get; }

    /// <summary>The exchange that was verified last.</summary>
    EvidenceTranscript Transcript { get; }

    /// <summary>Sends a request to a verified enclave and returns its answer's head; the body is read by the caller.</summary>
    /// <exception cref="AttestationException">No enclave was verified; nothing was sent.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.ConnectionLost"/>.</exception>
    Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken);

    /// <summary>Verifies the server anew, whatever the age of the proof.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken);
}
