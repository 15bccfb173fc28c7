namespace BlindAI.Cli;

/// <summary>The arguments, or the local files that they name, do not say what to do: exit code 2.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    /// <summary>What to pass instead.</summary>
    public string? Hint { get; } = hint;
}
