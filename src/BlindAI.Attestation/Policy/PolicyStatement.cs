namespace BlindAI.Attestation.Policy;

/// <summary>One sentence about a policy.</summary>
/// <param name="Kind">What the sentence is for.</param>
/// <param name="Path">The member that it is about, such as <c>$.accept[0].vmpl</c>.</param>
/// <param name="Text">The sentence, for people who are no experts.</param>
public sealed record PolicyStatement(PolicyStatementKind Kind, string Path, string Text);
