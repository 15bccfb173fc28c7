namespace BlindAI.Attestation.Dcap;

/// <summary>What a quote's body is. The numbers are the body types of quote version 5.</summary>
public enum QuoteBodyKind
{
    /// <summary>An SGX enclave's report body.</summary>
    Sgx = 1,

    /// <summary>TD report 1.0.</summary>
    Td10 = 2,

    /// <summary>TD report 1.5.</summary>
    Td15 = 3,
}
