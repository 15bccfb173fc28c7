using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Simulation;

/// <summary>Signs report data with a software key. For development and tests: anybody who runs it can sign anything.</summary>
/// <remarks>The key is made for this purpose alone: simulation never touches a hardware key or a key broker.</remarks>
public sealed class SimulationAttester : IAttester, IDisposable
{
    private readonly ECDsa _key;

    /// <summary>Makes an attester with a fresh key.</summary>
    public SimulationAttester()
    {
        _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Key = Sha256Digest.OfPublicKey(_key);
    }

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Simulation;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo: what a policy pins.</summary>
    public Sha256Digest Key { get; }

    /// <inheritdoc/>
    public ValueTask<TeeEvidence> AttestAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reportData);
        return new(new TeeEvidence(Tee.EvidenceType, SimulationReport.Encode(reportData, _key)));
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
