namespace BlindAI.Attestation.Evidence;

/// <summary>One step of a verification that held.</summary>
/// <param name="Number">Its place in the argument of <see cref="EnclaveVerifier"/>.</param>
/// <param name="Title">What was checked, in a few words.</param>
/// <param name="Meaning">What follows from it, for a reader who knows nothing of TEEs.</param>
public sealed record ProvedStep(int Number, string Title, string Meaning);
