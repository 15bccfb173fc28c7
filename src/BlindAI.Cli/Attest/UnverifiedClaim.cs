using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Client;

namespace BlindAI.Cli.Attest;

/// <summary>What a server says of itself when there is no policy to verify it against. Anybody can say anything here.</summary>
internal sealed class UnverifiedClaim(Uri server, EvidenceTranscript transcript)
{
    /// <summary>Whether no hardware is even claimed.</summary>
    public bool IsSimulation { get; } = transcript.Evidence.Evidence.All(item => TeeKind.FindByEvidenceType(item.Type) is { IsHardware: false });

    /// <summary>The first evidence of hardware of a known kind that can stand alone; null for none.</summary>
    public TeeEvidence? Hardware { get; } = transcript.Evidence.Evidence.FirstOrDefault(item => TeeKind.FindByEvidenceType(item.Type) is { IsHardware: true } tee && tee != TeeKind.NvidiaGpu);

    /// <summary>The kinds of evidence that were shown.</summary>
    public string Kinds { get; } = string.Join(", ", transcript.Evidence.Evidence.Select(item => TeeKind.FindByEvidenceType(item.Type)?.Name ?? $"an unknown kind ({Printable.Clean(item.Type)})"));

    /// <summary>Writes it for people.</summary>
    /// <exception cref="AttestationException">The claims do not parse.</exception>
    public void Write(TextWriter output)
    {
        var claims = Claims.Parse(transcript.Evidence.EncodedClaims);
        output.WriteLine($"{server.Authority} was NOT VERIFIED. It claims, and nothing proves:");
        output.WriteLine($"  TEE            {Kinds}");
        output.WriteLine($"  service        {Printable.Clean(claims.Service)}");
        output.WriteLine($"  TLS key        {claims.TlsKey}{(transcript.TlsKey is not { } key || claims.TlsKey.Equals(Sha256Digest.Of(key.Span)) ? "" : " (NOT the key of this connection)")}");
        output.WriteLine($"  configuration  {claims.Configuration}");
        output.WriteLine();
    }
}
