using System.Diagnostics.CodeAnalysis;

namespace BlindAI.Protocol.Models;

/// <summary>A model's name: <c>[A-Za-z0-9][A-Za-z0-9._-]{0,127}</c>, not <c>stats</c> (a route of the protocol).</summary>
public sealed record ModelName
{
    private ModelName(string value) => Value = value;

    /// <summary>The name as text.</summary>
    public string Value { get; }

    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static ModelName Parse(string text) => TryParse(text, out var name)
        ? name
        : throw new ServingException(ServingCode.NameInvalid, "The model name is not valid.",
            "use 1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit; \"stats\" is reserved.");

    /// <summary>Reads a name; false when the text breaks the rule.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelName? name)
    {
        name = NameRule.Holds(text) && text != "stats" ? new ModelName(text) : null;
        return name is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
