namespace BlindAI.Attestation.Evidence;

/// <summary>Has the TEE of this process sign report data.</summary>
/// <remarks>
/// Only report data made of claims can be passed (<see cref="ReportData.ForClaims"/>, <see cref="ReportData.ForRaTls"/>): an attester that signs bytes of a client's choice would let
/// one protocol's quote stand for another's.
/// </remarks>
public interface IAttester
{
    /// <summary>The TEE that signs.</summary>
    TeeKind Tee { get; }

    /// <summary>Makes evidence for report data and, where the platform carries it apart, the client's nonce.</summary>
    ValueTask<TeeEvidence> AttestAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken);
}
