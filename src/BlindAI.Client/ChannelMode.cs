namespace BlindAI.Client;

/// <summary>How requests reach the enclave. It is chosen by the caller and never changed on the way: what cannot be had is refused.</summary>
public enum ChannelMode
{
    /// <summary>TLS ends in the enclave, and each connection is proved before a byte of HTTP: also against somebody who holds the server's TLS key, where TLS gives a binder.</summary>
    Gated,

    /// <summary>TLS ends in the enclave: exactly the attested key is spoken to. For servers without the gate.</summary>
    Pinned,

    /// <summary>Somebody ends TLS on the way (a CDN, an ingress, an inspecting proxy): each request is sealed to an attested key, and he sees when and how much, nothing else.</summary>
    Sealed,
}
