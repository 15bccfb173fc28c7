namespace BlindAI.Attestation.Evidence;

/// <summary>What configfs-tsm answered.</summary>
/// <param name="Evidence">The report or quote: <c>outblob</c>.</param>
/// <param name="Auxiliary">What came with it, empty where nothing did: <c>auxblob</c>, for SEV-SNP the host's table of certificates.</param>
internal sealed record TsmReport(byte[] Evidence, byte[] Auxiliary);
