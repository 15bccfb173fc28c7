namespace BlindAI.Attestation.Policy;

/// <summary>Two members of one entry that contradict each other, or one that demands another.</summary>
/// <param name="Member">The member at fault, with its leading dot or bracket, such as <c>.minimumTcb.Genoa</c>.</param>
/// <param name="Problem">What is wrong, as the end of a sentence that begins with the path.</param>
/// <param name="Hint">What to do.</param>
internal sealed record PolicyFault(string Member, string Problem, string Hint);
