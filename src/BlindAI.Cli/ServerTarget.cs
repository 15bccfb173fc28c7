using BlindAI.Attestation.Policy;
using BlindAI.Cli.Attest;
using BlindAI.Client;

namespace BlindAI.Cli;

/// <summary>Which server a command is for, and what is accepted of it.</summary>
internal sealed record ServerTarget
{
    /// <summary>The attested port.</summary>
    public required Uri Url { get; init; }

    /// <summary>What is accepted; null when neither a policy nor its stand-in was given.</summary>
    public required AttestationPolicy? Policy { get; init; }

    /// <summary>How to connect.</summary>
    public required BlindAIClientOptions Options { get; init; }

    /// <summary>Verifies the server and connects to it.</summary>
    /// <exception cref="UsageException">There is no policy: nothing was contacted.</exception>
    /// <exception cref="Attestation.AttestationException">The server was refused.</exception>
    public Task<BlindAIClient> ConnectAsync(CancellationToken cancellationToken) => Policy is null
        ? throw new UsageException("No policy says which enclaves are accepted, so nothing was sent.",
            $"pass --policy FILE, or set {CommonOptions.PolicyVariable}; for development against a simulation: --dangerously-allow-simulation.")
        : BlindAIClient.ConnectAsync(Url, Policy, Options, cancellationToken);

    /// <summary>Verifies the server and connects to it for data; what is simulation is marked as such, on every command.</summary>
    /// <exception cref="UsageException">There is no policy: nothing was contacted.</exception>
    /// <exception cref="Attestation.AttestationException">The server was refused.</exception>
    public async Task<BlindAIClient> ConnectForDataAsync(TextWriter notes, CancellationToken cancellationToken)
    {
        var client = await ConnectAsync(cancellationToken);
        if (!client.Enclave.Tee.IsHardware)
        {
            await notes.WriteLineAsync(SimulationNotice.Watermark);
        }

        return client;
    }
}
