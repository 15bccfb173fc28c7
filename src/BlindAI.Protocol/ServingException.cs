namespace BlindAI.Protocol;

/// <summary>A request was not served; the code says why.</summary>
/// <remarks>Messages name fields, shapes and lengths, never contents, and end in a hint where a next step exists.</remarks>
public sealed class ServingException : Exception
{
    /// <summary>Refuses with a code, what was found, and what to do next.</summary>
    public ServingException(ServingCode code, string message, string? hint = null, Exception? innerException = null)
        : base(hint is null ? message : $"{message} hint: {hint}", innerException)
    {
        Code = code;
        Reason = message;
        Hint = hint;
    }

    /// <summary>The stable number of the reason.</summary>
    public ServingCode Code { get; }

    /// <summary>What was found, without the hint.</summary>
    public string Reason { get; }

    /// <summary>What to do next, where something can be done.</summary>
    public string? Hint { get; }

    /// <summary>How long to wait before trying again, where the server said so.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
