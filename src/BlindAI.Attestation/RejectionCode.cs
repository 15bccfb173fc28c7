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

    /// <summary>A quote names its PCK certificate in a way that needs a service of the platform to resolve.</summary>
    CertificationDataUnsupported = 205,

    /// <summary>The port does not prove single connections: it is no gated server, or something in between does not let the preface pass.</summary>
    GateUnsupported = 206,

    /// <summary>The server offers no sealed requests that this build can make.</summary>
    SealedRequestsUnsupported = 207,

    /// <summary>A signature does not verify.</summary>
    SignatureInvalid = 301,

    /// <summary>A certificate chain does not end in a trusted root, or does not cover the name that was dialled.</summary>
    ChainUntrusted = 302,

    /// <summary>A certificate of the chain is revoked by its issuer.</summary>
    CertificateRevoked = 303,

    /// <summary>Collateral (TCB info, QE identity, CRL or RIM) is not signed by its vendor.</summary>
    CollateralSignatureInvalid = 304,

    /// <summary>Collateral is genuine and about something else: another TEE, platform family or certificate authority.</summary>
    CollateralMismatch = 305,

    /// <summary>The key that signed the evidence is not the one that the hardware vouches for.</summary>
    AttestationKeyUnbound = 306,

    /// <summary>The certificate of the signing key is about another chip, product or TCB than the evidence.</summary>
    CertificateMismatch = 307,

    /// <summary>The enclave that signed the quote is not Intel's quoting enclave.</summary>
    QuotingEnclaveUnknown = 308,

    /// <summary>The runtime data of a virtual TPM are not those that the hardware report names.</summary>
    RuntimeDataUnbound = 309,

    /// <summary>Register values are not those that the TPM quoted, or a register in use was not quoted.</summary>
    RegistersMismatch = 310,

    /// <summary>The GPU's report names other firmware than the certificate of the key that signed it.</summary>
    FirmwareIdMismatch = 311,

    /// <summary>The TDX module is not one of Intel's.</summary>
    ModuleUnknown = 312,

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

    /// <summary>A certificate is not valid at the instant of the verification.</summary>
    CertificateNotInValidity = 410,

    /// <summary>Collateral has expired at the instant of the verification.</summary>
    CollateralExpired = 411,

    /// <summary>Collateral was issued after the instant of the verification.</summary>
    CollateralNotYetValid = 412,

    /// <summary>The document states another time than that of the verification.</summary>
    DocumentNotCurrent = 413,

    /// <summary>The attested connection key did not sign this connection.</summary>
    ConnectionNotProved = 414,

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

    /// <summary>The platform's TCB is below everything that its vendor still judges.</summary>
    TcbNotSupported = 508,

    /// <summary>The TEE runs in debug mode, so the machine may read its memory.</summary>
    DebugNotAccepted = 509,

    /// <summary>The measured code is not among what the policy accepts.</summary>
    MeasurementNotAccepted = 510,

    /// <summary>The platform's TCB, or its vendor's judgement of it, is not what the policy demands.</summary>
    TcbNotAccepted = 511,

    /// <summary>A security advisory applies to the platform and the policy does not allow it.</summary>
    AdvisoryNotAccepted = 512,

    /// <summary>The processor or GPU generation is not among those that the policy names.</summary>
    ProductNotAccepted = 513,

    /// <summary>The platform is set up or certified otherwise than the policy demands.</summary>
    PlatformNotAccepted = 514,

    /// <summary>The enclave or guest was launched with other settings than the policy demands.</summary>
    GuestNotAccepted = 515,

    /// <summary>The GPU's driver, VBIOS or measurements are not what the policy demands.</summary>
    GpuFirmwareNotAccepted = 516,

    /// <summary>The policy demands a GPU, and the evidence proves none beside this CPU.</summary>
    GpuNotProved = 517,

    /// <summary>The server could not be reached, or gave no evidence; on the server: its TEE made none.</summary>
    EvidenceUnavailable = 601,

    /// <summary>Collateral that the decision needs is not there.</summary>
    CollateralMissing = 602,

    /// <summary>A defect of this software.</summary>
    Internal = 900,
}
