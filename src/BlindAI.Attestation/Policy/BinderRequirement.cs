namespace BlindAI.Attestation.Policy;

/// <summary>How strongly a connection must be bound to its evidence, against a relay that holds the server's TLS key.</summary>
public enum BinderRequirement
{
    /// <summary>Every connection carries a channel binder, or is refused.</summary>
    Required,

    /// <summary>A channel binder is checked where both ends can make one; the TLS key alone is enough elsewhere.</summary>
    Preferred,

    /// <summary>Every connection carries a channel binder in evidence of its own, never in a signature by an attested key.</summary>
    Quote,
}
