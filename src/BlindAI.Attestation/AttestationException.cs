namespace BlindAI.Attestation;

/// <summary>Evidence, claims or a policy were refused; nothing may be trusted or sent.</summary>
/// <remarks>Messages name fields, lengths and codes, never contents, and end in a hint where a next step exists.</remarks>
public sealed class AttestationException : Exception
{
    /// <summary>Refuses with a code, what was found, and what to do next.</summary>
    public AttestationException(RejectionCode code, string message, string? hint = null, Exception? innerException = null)
        : base(hint is null ? message : $"{message} hint: {hint}", innerException)
    {
        Code = code;
        Reason = message;
        Hint = hint;
    }

    /// <summary>The stable number of the reason.</summary>
    public RejectionCode Code { get; }

    /// <summary>What was found, without the hint.</summary>
    public string Reason { get; }

    /// <summary>What to do next, where something can be done.</summary>
    public string? Hint { get; }
}
