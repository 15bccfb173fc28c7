using BlindAI.Attestation;
using BlindAI.Client.Channel;

namespace BlindAI.Client;

/// <summary>Looks at what a server says of itself, without a policy. It proves nothing, and nothing may be sent on the strength of it.</summary>
/// <remarks>For diagnosis: a person who has no policy yet sees which TEE to write one for. Only <see cref="BlindAIClient.ConnectAsync"/> verifies.</remarks>
public static class EvidenceInspection
{
    /// <summary>Asks for evidence with a fresh nonce and returns it unjudged. A path and a random number are all that is sent.</summary>
    /// <param name="server">The attested port, such as <c>https://risk.example.org:8443</c>.</param>
    /// <param name="options">How to connect.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>, or the evidence does not parse.</exception>
    public static Task<EvidenceTranscript> FetchAsync(Uri server, BlindAIClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        EvidenceExchange.RequireHttps(server);
        return EvidenceExchange.FetchAsync(server, options ?? new(), cancellationToken);
    }
}
