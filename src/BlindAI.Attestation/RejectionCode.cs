namespace BlindAI.Attestation;

/// <summary>Why evidence, claims or a policy were refused. The numbers are stable, never reused, and the same in every language.</summary>
/// <remarks>
/// The hundreds name the family: 1xx malformed, 2xx unsupported, 3xx untrusted, 4xx stale, 5xx unacceptable, 6xx undecided, 900 our bug.
/// The 7xx codes of serving live in the protocol. docs/errors.md lists all of them with the next step.
/// </remarks>
public enum RejectionCode
{
    /// <summary>The bytes end before the structure does.</summary>
    Truncated = 101,

    /// <summary>Bytes follow the end of the structure.</summary>
    TrailingBytes = 102,

    /// <summary>A size, count or depth is over its stated limit.</summary>
    TooLarge = 103,

    /// <summary>The encoding is broken or is not the one permitted encoding of its value.</summary>
    EncodingInvalid = 104,

    /// <summary>A member or key appears twice.</summary>
    MemberDuplicate = 105,

    /// <summary>A member or key is not known to this version.</summary>
    MemberUnknown = 106,

    /// <summary>A mandatory member or key is absent.</summary>
    MemberMissing = 107,

    /// <summary>A member has the right type and a value that the format forbids.</summary>
    ValueInvalid = 108,

    /// <summary>The policy file does not say what a policy must say.</summary>
    PolicyInvalid = 109,

    /// <summary>No verifier for this TEE exists in this version.</summary>
    TeeUnsupported = 201,

    /// <summary>The structure has a version that this build does not know.</summary>
    VersionUnsupported = 202,

    /// <summary>A key or signature algorithm is not one that this structure may use.</summary>
    AlgorithmUnsupported = 203,

    /// <summary>The policy demands something that this build cannot prove.</summary>
    PolicyUnsupported = 204,

    /// <summary>A signature does not verify.</summary>
    SignatureInvalid = 301,

    /// <summary>A certificate chain does not end in a trusted root, or does not cover the name that was dialled.</summary>
    ChainUntrusted = 302,

    /// <summary>The nonce in the claims is absent or is not the one that was sent.</summary>
    NonceMismatch = 401,

    /// <summary>The hardware-signed report data is not the digest of the claims that were received.</summary>
    ReportDataMismatch = 402,

    /// <summary>The evidence names another TLS key than the one of this connection.</summary>
    TlsKeyMismatch = 403,

    /// <summary>The evidence names another channel binder than the one of this connection.</summary>
    BinderMismatch = 404,

    /// <summary>The evidence took longer than the nonce lives.</summary>
    EvidenceLate = 405,

    /// <summary>The policy's own validity has ended.</summary>
    PolicyExpired = 406,

    /// <summary>A key that travels beside the claims does not hash to its claim.</summary>
    KeyHashMismatch = 407,

    /// <summary>The verification is too old and could not be renewed.</summary>
    EnclaveExpired = 408,

    /// <summary>A replaced connection showed a TLS key that no verification covers.</summary>
    TlsKeyUnverified = 409,

    /// <summary>The evidence is of simulation and the policy does not allow simulation.</summary>
    SimulationRefused = 501,

    /// <summary>The policy has no entry for this TEE.</summary>
    TeeNotAccepted = 502,

    /// <summary>The enclave serves under another service name than the policy's.</summary>
    ServiceMismatch = 503,

    /// <summary>The trust configuration of the enclave is not among the accepted ones.</summary>
    ConfigurationNotAccepted = 504,

    /// <summary>The machine is not among the accepted ones.</summary>
    MachineNotAccepted = 505,

    /// <summary>The simulation is signed with another key than the policy's.</summary>
    SimulationKeyNotAccepted = 506,

    /// <summary>The model, or its digest, is not one that the policy accepts.</summary>
    ModelNotAccepted = 507,

    /// <summary>The server could not be reached, or gave no evidence.</summary>
    EvidenceUnavailable = 601,

    /// <summary>A defect of this software.</summary>
    Internal = 900,
}
