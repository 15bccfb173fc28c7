using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BlindAI.Attestation.Policy;

/// <summary>One value of a policy file that knows its place: each method reads it as one type, or refuses with path, line and hint.</summary>
internal sealed class PolicyNode(PolicyNode? parent, string step, int line, JsonTokenType kind)
{
    private const int MaxShownName = 64;

    public JsonTokenType Kind => kind;

    /// <summary>The string, or the digits of the number.</summary>
    public string Scalar { get; init; } = "";

    /// <summary>The values of an array, in the order of the file.</summary>
    public List<PolicyNode> Items { get; } = [];

    /// <summary>The members of an object, in the order of the file.</summary>
    public OrderedDictionary<string, PolicyNode> Members { get; } = [];

    /// <summary>Where the value stands, such as <c>$.accept[1].minimumTcb.Genoa</c>.</summary>
    public string Path
    {
        get
        {
            var steps = new Stack<string>();
            for (var node = this; node is not null; node = node.Parent)
            {
                steps.Push(node.Step);
            }

            return string.Concat(steps);
        }
    }

    private PolicyNode? Parent => parent;

    private string Step => step;

    /// <summary>The step to a member: <c>.name</c>, or <c>['a/b']</c> when the name is no plain word. Never passes control characters on.</summary>
    public static string StepTo(string member)
    {
        if (member.Length is > 0 and <= MaxShownName && member.All(char.IsAsciiLetterOrDigit))
        {
            return "." + member;
        }

        var shown = new StringBuilder();
        foreach (var character in member.AsSpan(0, Math.Min(member.Length, MaxShownName)))
        {
            _ = character is >= ' ' and <= '~' and not '\'' and not '\\'
                ? shown.Append(character)
                : shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
        }

        return $"['{shown}{(member.Length > MaxShownName ? "…" : "")}']";
    }

    /// <summary>Path and line, as messages begin.</summary>
    public string Place => $"{Path} (line {line})";

    /// <summary>The refusal of this value.</summary>
    public AttestationException Invalid(string problem, string? hint = null) =>
        new(RejectionCode.PolicyInvalid, $"{Place} {problem}.", hint);

    /// <summary>The refusal of a member of this object.</summary>
    public AttestationException Invalid(PolicyFault fault) =>
        new(RejectionCode.PolicyInvalid, $"{Path}{fault.Member} (object at line {line}) {fault.Problem}.", fault.Hint);

    /// <summary>Reads an object; members that <paramref name="read"/> does not ask for are unknown.</summary>
    public T Object<T>(Func<PolicyObject, T> read)
    {
        Expect(kind == JsonTokenType.StartObject, "an object");
        var reader = new PolicyObject(this);
        var value = read(reader);
        reader.RefuseUnknown();
        return value;
    }

    /// <summary>Reads an object whose member names are data.</summary>
    public IEnumerable<KeyValuePair<string, PolicyNode>> Map()
    {
        Expect(kind == JsonTokenType.StartObject, "an object");
        return Members.Count > 0 ? Members : throw Invalid("is empty", "leave the member out, or say what it demands.");
    }

    /// <summary>Reads an array of at least one value, each of them once.</summary>
    public IReadOnlyList<T> List<T>(Func<PolicyNode, T> read, bool allowEmpty = false)
    {
        Expect(kind == JsonTokenType.StartArray, "a list");
        if (Items.Count == 0 && !allowEmpty)
        {
            throw Invalid("is an empty list", "leave the member out, or say what it accepts.");
        }

        var seen = new HashSet<T>();
        foreach (var item in Items)
        {
            if (!seen.Add(read(item)))
            {
                throw item.Invalid("stands twice in its list", "remove one of the two.");
            }
        }

        return [.. seen];
    }

    /// <summary>Reads bytes of a known size.</summary>
    public HexValue Hex(params ReadOnlySpan<int> sizes)
    {
        var text = Text();
        if (HexValue.TryParse(text) is not { } value)
        {
            throw Invalid("is not lower-case hexadecimal", text.All(char.IsAsciiHexDigit) && text.Length % 2 == 0
                ? "write the digits a to f in lower case."
                : "use the digits 0-9 and a-f only, two for each byte, without prefix or separators.");
        }

        if (!sizes.Contains(value.Bytes.Length))
        {
            var digits = string.Join(" or ", sizes.ToArray().Select(size => size * 2));
            throw Invalid($"has {text.Length} hexadecimal digits and must have {digits}");
        }

        return value;
    }

    public IReadOnlyList<HexValue> HexList(params int[] sizes) => List(item => item.Hex(sizes));

    public IReadOnlyList<string> TextList() => List(item => item.Text());

    /// <summary>Reads a text of 1 to 1024 characters without control characters.</summary>
    public string Text()
    {
        Expect(kind == JsonTokenType.String, "a string");
        return PolicyGuard.IsText(Scalar)
            ? Scalar
            : throw Invalid($"must have 1 to {PolicySizes.MaxTextLength} characters, none of them a control character");
    }

    public bool Boolean()
    {
        Expect(kind is JsonTokenType.True or JsonTokenType.False, "true or false");
        return kind == JsonTokenType.True;
    }

    public long Integer(long least, long most)
    {
        Expect(kind == JsonTokenType.Number, "a number");
        return long.TryParse(Scalar, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Invalid($"must be a whole number from {least} to {most}");
    }

    /// <summary>Reads one instant: RFC 3339 in UTC, whole seconds.</summary>
    public DateTimeOffset Instant() =>
        DateTimeOffset.TryParseExact(Text(), PolicyMembers.InstantFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? instant
            : throw Invalid("is not a time in UTC with whole seconds", "write it like 2027-06-30T00:00:00Z.");

    /// <summary>Reads one of the words of an enumeration.</summary>
    public T Choice<T>(Func<T, string> nameOf)
        where T : struct, Enum
    {
        var text = Text();
        foreach (var value in Enum.GetValues<T>())
        {
            if (nameOf(value) == text)
            {
                return value;
            }
        }

        throw Invalid("is not one of the words that may stand here", $"use one of: {string.Join(", ", Enum.GetValues<T>().Select(nameOf))}.");
    }

    /// <summary>Reads registers by index: <c>{ "0": "hex", "2": "hex" }</c>; those in <paramref name="required"/> must be there.</summary>
    public IReadOnlyDictionary<int, HexValue> Registers(int last, ReadOnlySpan<int> sizes, ReadOnlySpan<int> required)
    {
        var registers = new Dictionary<int, HexValue>();
        foreach (var (name, node) in Map())
        {
            var isIndex = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index <= last && name == index.ToString(CultureInfo.InvariantCulture);
            registers.Add(isIndex ? index : throw node.Invalid($"is no register: the name must be 0 to {last}"), node.Hex(sizes));
        }

        foreach (var index in required)
        {
            if (!registers.ContainsKey(index))
            {
                throw Missing(index.ToString(CultureInfo.InvariantCulture));
            }
        }

        return registers;
    }

    /// <summary>The refusal of an object that lacks a member.</summary>
    public AttestationException Missing(string member) => new(RejectionCode.PolicyInvalid,
        $"{Path}{StepTo(member)} (object at line {line}) is missing.", "a policy decides this expressly: add the member; docs/policy.md says what it means.");

    private void Expect(bool holds, string expected)
    {
        if (!holds)
        {
            throw Invalid($"must be {expected}");
        }
    }
}
