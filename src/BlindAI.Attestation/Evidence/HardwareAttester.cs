namespace BlindAI.Attestation.Evidence;

/// <summary>An attester that asks a device of this machine: one request at a time, and whatever the device refuses is 601.</summary>
/// <remarks>Source: docs/attestation.md, clause 17.</remarks>
public abstract class HardwareAttester : IAttester
{
    // A machine has one such device, and Gramine's files are one state for the whole process.
    private static readonly SemaphoreSlim Turn = new(1, 1);

    private protected HardwareAttester(TeeKind tee, string device)
    {
        Tee = tee;
        Device = device;
    }

    /// <inheritdoc/>
    public TeeKind Tee { get; }

    /// <summary>What is asked, for messages.</summary>
    private protected string Device { get; }

    /// <inheritdoc/>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    public async ValueTask<TeeEvidence> AttestAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reportData);
        await Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await MakeAsync(reportData, nonce, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (DeviceFault.IsFault(exception))
        {
            throw DeviceFault.Explain(Device, exception);
        }
        finally
        {
            Turn.Release();
        }
    }

    /// <summary>Makes the evidence; no other request of this process runs meanwhile.</summary>
    private protected abstract ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken);
}
