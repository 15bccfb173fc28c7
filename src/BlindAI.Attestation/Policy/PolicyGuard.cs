using System.Diagnostics.CodeAnalysis;

namespace BlindAI.Attestation.Policy;

/// <summary>Guards of policies that are built in code: what the file format refuses, a setter refuses too, and lists are copied.</summary>
/// <remarks>A file fails in the reader, with its path and line; code fails here, with an <see cref="ArgumentException"/>.</remarks>
internal static class PolicyGuard
{
    [return: NotNullIfNotNull(nameof(value))]
    public static HexValue? Hex(HexValue? value, params ReadOnlySpan<int> sizes) => value is null || sizes.Contains(value.Bytes.Length)
        ? value
        : throw new ArgumentException($"The value has {value.Bytes.Length} bytes and must have {string.Join(" or ", sizes.ToArray())}.", nameof(value));

    [return: NotNullIfNotNull(nameof(values))]
    public static IReadOnlyList<HexValue>? HexList(IReadOnlyList<HexValue>? values, params int[] sizes) =>
        List(values?.Select(value => Hex(value, sizes)).ToArray());

    /// <summary>Copies texts that a policy file may hold.</summary>
    [return: NotNullIfNotNull(nameof(values))]
    public static IReadOnlyList<string>? Texts(IReadOnlyList<string>? values) =>
        values is null || values.All(IsText) ? List(values) : throw new ArgumentException("A text is empty, too long or has control characters.", nameof(values));

    /// <summary>Whether a policy may hold the text: 1 to 1024 characters, none of them a control character.</summary>
    public static bool IsText(string text) => text is { Length: > 0 and <= PolicySizes.MaxTextLength } && !text.Any(char.IsControl);

    [return: NotNullIfNotNull(nameof(values))]
    public static IReadOnlyList<T>? List<T>(IReadOnlyList<T>? values) => values is null ? null
        : values.Count is > 0 and <= PolicySizes.MaxItems && values.All(value => value is not null) && values.Distinct().Count() == values.Count
            ? Array.AsReadOnly(values.ToArray())
            : throw new ArgumentException($"The list must have 1 to {PolicySizes.MaxItems} items, each of them once and none null.", nameof(values));

    [return: NotNullIfNotNull(nameof(value))]
    public static long? InRange(long? value, long least, long most) => value is null || (value >= least && value <= most)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"The value must be {least} to {most}.");

    /// <summary>The instant as a file writes it: UTC, cut to whole seconds.</summary>
    public static DateTimeOffset? WholeSeconds(DateTimeOffset? value) =>
        value?.ToUniversalTime().AddTicks(-(value.Value.Ticks % TimeSpan.TicksPerSecond));

    /// <summary>Copies a map of registers, such as PCRs: at least one, each index in range, each value of a permitted size.</summary>
    [return: NotNullIfNotNull(nameof(registers))]
    public static IReadOnlyDictionary<int, HexValue>? Registers(IReadOnlyDictionary<int, HexValue>? registers, int last, ReadOnlySpan<int> sizes, ReadOnlySpan<int> required)
    {
        if (registers is null)
        {
            return null;
        }

        foreach (var index in required)
        {
            if (!registers.ContainsKey(index))
            {
                throw new ArgumentException($"Register {index} must be there.", nameof(registers));
            }
        }

        var sorted = new SortedDictionary<int, HexValue>();
        foreach (var (index, value) in registers)
        {
            _ = InRange(index, 0, last);
            sorted.Add(index, Hex(value ?? throw new ArgumentException($"Register {index} is null.", nameof(registers)), sizes));
        }

        return sorted.Count > 0 ? sorted.AsReadOnly() : throw new ArgumentException("At least one register must be there.", nameof(registers));
    }
}
