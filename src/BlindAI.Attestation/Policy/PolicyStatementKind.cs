namespace BlindAI.Attestation.Policy;

/// <summary>What a statement about a policy is for.</summary>
public enum PolicyStatementKind
{
    /// <summary>What the policy accepts or how it works.</summary>
    Accepts,

    /// <summary>Something that is demanded and checked.</summary>
    Checked,

    /// <summary>Something that could be demanded and is not.</summary>
    NotChecked,

    /// <summary>Something to be careful about.</summary>
    Warning,
}
