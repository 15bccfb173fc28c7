namespace BlindAI.Client.Channel;

/// <summary>Whether a key's enclave has been refused since it was accepted. All proofs of the key share it, on whichever connection they are: a refusal ends them all.</summary>
internal sealed class KeyStanding
{
    private volatile bool _isRefused;

    /// <summary>Whether it was refused.</summary>
    public bool IsRefused => _isRefused;

    /// <summary>Ends it, for good: who is accepted again has a new one.</summary>
    public void Refuse() => _isRefused = true;
}
