namespace BlindAI.Attestation.Policy;

/// <summary>What becomes of models that a policy does not name.</summary>
public enum OtherModels
{
    /// <summary>They may be used; which model answers is not checked.</summary>
    Allow,

    /// <summary>They are refused.</summary>
    Refuse,
}
