namespace BlindAI.Protocol.Models;

/// <summary>An owner's space of models: <c>[A-Za-z0-9][A-Za-z0-9._-]{0,127}</c>.</summary>
public sealed record NamespaceName
{
    private NamespaceName(string value) => Value = value;

    /// <summary>The namespace of callers that name none.</summary>
    public static NamespaceName Default { get; } = new("default");

    /// <summary>The name as text.</summary>
    public string Value { get; }

    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static NamespaceName Parse(string text) => NameRule.Holds(text)
        ? new NamespaceName(text)
        : throw new ServingException(ServingCode.NameInvalid, "The namespace is not valid.",
            "use 1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
