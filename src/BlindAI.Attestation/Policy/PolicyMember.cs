namespace BlindAI.Attestation.Policy;

/// <summary>One member of an entry, said in a sentence, for people who review a policy.</summary>
/// <param name="Name">The member's name in the file, with dots for nested ones, such as <c>guestPolicy.smt</c>.</param>
/// <param name="IsChecked">Whether the policy demands anything of it.</param>
/// <param name="Meaning">What is demanded, or <c>NOT CHECKED</c> with what it would have been.</param>
public sealed record PolicyMember(string Name, bool IsChecked, string Meaning);
