using System.Globalization;
using System.Text.Json;

namespace BlindAI.Attestation.Policy;

/// <summary>The members of one object, each listed once with name, subject of its sentence and value: writing and explaining both follow from it.</summary>
/// <remarks>A null value is a member that is absent: not written, and explained as NOT CHECKED.</remarks>
internal sealed class PolicyMembers
{
    public const string InstantFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private const int ShownHexDigits = 16;

    private readonly List<Action<Utf8JsonWriter>> _writes = [];
    private readonly List<PolicyMember> _explanations = [];

    /// <summary>What each member says, in order.</summary>
    public IReadOnlyList<PolicyMember> Explanations => _explanations;

    public static PolicyMembers Of(Action<PolicyMembers> describe)
    {
        var members = new PolicyMembers();
        describe(members);
        return members;
    }

    public void WriteObject(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var write in _writes)
        {
            write(writer);
        }

        writer.WriteEndObject();
    }

    /// <summary>A member that is written and needs no sentence, such as <c>tee</c>.</summary>
    public void Word(string name, string value) => _writes.Add(writer => writer.WriteString(name, value));

    /// <summary>A member that is absent, or that accepts anything.</summary>
    public void Unchecked(string name, string subject) => _explanations.Add(new(name, false, $"{subject.TrimEnd(',')}: NOT CHECKED."));

    public void Exactly(string name, string subject, HexValue? value) =>
        Add(name, subject, value is null ? null : $"must be {Short(value)}", writer => writer.WriteString(name, value!.ToString()));

    public void Exactly(string name, string subject, long? value) =>
        Add(name, subject, value is null ? null : $"must be {value}", writer => writer.WriteNumber(name, value!.Value));

    public void Flag(string name, string subject, bool? value) =>
        Add(name, subject, value is null ? null : value.Value ? "must be on" : "must be off", writer => writer.WriteBoolean(name, value!.Value));

    public void AtLeast(string name, string subject, long? value) =>
        Add(name, subject, value is null ? null : $"must be at least {value}", writer => writer.WriteNumber(name, value!.Value));

    public void AtLeast(string name, string subject, HexValue? value) =>
        Add(name, subject, value is null ? null : $"must be at least {value}, byte by byte", writer => writer.WriteString(name, value!.ToString()));

    /// <summary>A bit vector in which every bit of the value must be set.</summary>
    public void AllBits(string name, string subject, HexValue? value) =>
        Add(name, subject, value is null ? null : $"must have every bit of {value}", writer => writer.WriteString(name, value!.ToString()));

    public void NotBefore(string name, string subject, DateTimeOffset? value) =>
        Add(name, subject, value is null ? null : $"must not be before {Format(value.Value)}", writer => writer.WriteString(name, Format(value!.Value)));

    public void OneOf(string name, string subject, IReadOnlyList<HexValue>? values) => Choices(name, subject, values, Short, value => value.ToString());

    public void OneOf(string name, string subject, IReadOnlyList<string>? values) => Choices(name, subject, values, value => value, value => value);

    public void OneOf<T>(string name, string subject, IReadOnlyList<T>? values)
        where T : struct, Enum => Choices(name, subject, values, PolicyNames.Vendor, PolicyNames.Vendor);

    /// <summary>A list that says what may occur; an empty one says that nothing may.</summary>
    public void Only(string name, string subject, IReadOnlyList<string>? values) => Add(name, subject,
        values switch { null => null, [] => "must be none", _ => $"must all be among {string.Join(", ", values)}" }, Array(name, values, value => value));

    /// <summary>Registers by index, 0 to <paramref name="last"/>; those without a value are named as NOT CHECKED.</summary>
    public void Registers(string name, string subject, IReadOnlyDictionary<int, HexValue>? values, int last)
    {
        if (values is null)
        {
            Unchecked(name, subject);
            return;
        }

        Add(name, subject, $"must be {string.Join(", ", values.Select(pair => $"{pair.Key} = {Short(pair.Value)}"))}", writer =>
        {
            writer.WriteStartObject(name);
            foreach (var (index, value) in values)
            {
                writer.WriteString(index.ToString(CultureInfo.InvariantCulture), value.ToString());
            }

            writer.WriteEndObject();
        });
        if (values.Count <= last)
        {
            Unchecked(name, $"Every other register up to {last}");
        }
    }

    /// <summary>A nested object; its members are explained one by one.</summary>
    public void Part(string name, string subject, Action<PolicyMembers>? describe)
    {
        if (describe is null)
        {
            Unchecked(name, subject);
            return;
        }

        var nested = Of(describe);
        _writes.Add(writer =>
        {
            writer.WritePropertyName(name);
            nested.WriteObject(writer);
        });
        _explanations.AddRange(nested.Explanations.Select(member => member with { Name = $"{name}.{member.Name}" }));
    }

    /// <summary>Something that is refused as long as no member allows it: absent from the file, and checked all the same.</summary>
    public void Refused(string name, string subject) => _explanations.Add(new(name, true, $"{subject}: refused."));

    /// <summary>Bits of a word, one of which must be off unless a rule says that it is on.</summary>
    public void Bits<TBit>(string name, string subject, BitRules<TBit>? rules, TBit refusedUnlessNamed)
        where TBit : struct, Enum
    {
        if (rules is null)
        {
            Unchecked(name, $"{subject}, other bits");
            Refused($"{name}.{PolicyNames.Camel(refusedUnlessNamed)}", $"The bit {refusedUnlessNamed}");
            return;
        }

        Part(name, subject, members => rules.Describe(members, refusedUnlessNamed));
    }

    /// <summary>The decision about debug mode, which every hardware entry takes.</summary>
    public void Debug(bool dangerouslyAllow, string subject)
    {
        if (dangerouslyAllow)
        {
            _writes.Add(writer => writer.WriteBoolean("dangerouslyAllowDebug", true));
        }

        _explanations.Add(dangerouslyAllow
            ? new("dangerouslyAllowDebug", false, $"{subject}: allowed, so whoever runs the machine may read everything. NOT CHECKED.")
            : new("dangerouslyAllowDebug", true, $"{subject}: refused."));
    }

    /// <summary>The same where evidence does not show debug mode: whatever the entry says, nothing is checked.</summary>
    public void UnseenDebug(bool dangerouslyAllow, string subject)
    {
        if (dangerouslyAllow)
        {
            _writes.Add(writer => writer.WriteBoolean("dangerouslyAllowDebug", true));
        }

        _explanations.Add(new("dangerouslyAllowDebug", false, $"{subject}: the evidence does not show it. NOT CHECKED."));
    }

    internal static string Format(DateTimeOffset instant) => instant.ToString(InstantFormat, CultureInfo.InvariantCulture);

    private void Choices<T>(string name, string subject, IReadOnlyList<T>? values, Func<T, string> shown, Func<T, string> written) => Add(name, subject,
        values switch { null => null, [var only] => $"must be {shown(only)}", _ => $"must be one of {string.Join(", ", values.Select(shown))}" },
        Array(name, values, written));

    private static Action<Utf8JsonWriter> Array<T>(string name, IReadOnlyList<T>? values, Func<T, string> written) => writer =>
    {
        writer.WriteStartArray(name);
        foreach (var value in values!)
        {
            writer.WriteStringValue(written(value));
        }

        writer.WriteEndArray();
    };

    private void Add(string name, string subject, string? demand, Action<Utf8JsonWriter> write)
    {
        if (demand is null)
        {
            Unchecked(name, subject);
            return;
        }

        _writes.Add(write);
        _explanations.Add(new(name, true, $"{subject} {demand}."));
    }

    private static string Short(HexValue value) => value.ToString() is { Length: > ShownHexDigits + 1 } hex ? hex[..ShownHexDigits] + "…" : value.ToString();
}
