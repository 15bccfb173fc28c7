namespace BlindAI.Attestation.Evidence;

/// <summary>Where a channel binder's value comes from.</summary>
public enum ChannelBinderType
{
    /// <summary>The verify_data of the TLS Finished message (RFC 5929 tls-unique, without its prefix).</summary>
    Finished = 1,

    /// <summary>A TLS exporter (RFC 9266).</summary>
    Exporter = 2,
}
