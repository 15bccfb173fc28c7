namespace BlindAI.Attestation.Evidence;

/// <summary>Claim 14: which sealed store the enclave holds, and how far it has come.</summary>
/// <param name="StoreId">16 random bytes made with the store.</param>
/// <param name="Generation">Grows with every change of the store.</param>
/// <param name="Index">SHA-256 of the authenticated index.</param>
public sealed record StoreClaim(ReadOnlyMemory<byte> StoreId, ulong Generation, Sha256Digest Index);
