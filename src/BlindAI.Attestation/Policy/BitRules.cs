using System.Collections;

namespace BlindAI.Attestation.Policy;

/// <summary>Named bits of a vendor's word, each of them demanded on or off; bits without a rule are not checked.</summary>
/// <typeparam name="TBit">The bits by name; the value of each is its position.</typeparam>
/// <remarks>Bits that nobody names yet are data, never an error: firmware sets new ones before documents do.</remarks>
public sealed class BitRules<TBit> : IEnumerable<KeyValuePair<TBit, bool>>
    where TBit : struct, Enum
{
    private readonly SortedDictionary<TBit, bool> _rules = [];

    /// <summary>States the rules: at least one.</summary>
    public BitRules(params IEnumerable<KeyValuePair<TBit, bool>> rules)
    {
        foreach (var (bit, isOn) in rules)
        {
            _rules.Add(bit, isOn);
        }

        if (_rules.Count == 0)
        {
            throw new ArgumentException("At least one bit must have a rule.", nameof(rules));
        }
    }

    /// <summary>Whether a word of evidence obeys every rule.</summary>
    public bool HoldFor(ulong word) => _rules.All(rule => ((word >> Position(rule.Key)) & 1) == (rule.Value ? 1u : 0u));

    /// <summary>Every rule, by position.</summary>
    public IEnumerator<KeyValuePair<TBit, bool>> GetEnumerator() => _rules.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether a rule says, knowingly, that the bit is on.</summary>
    internal bool Allows(TBit bit) => _rules.TryGetValue(bit, out var isOn) && isOn;

    internal void Describe(PolicyMembers members) => Describe(members, refusedUnlessNamed: null);

    internal void Describe(PolicyMembers members, TBit? refusedUnlessNamed)
    {
        foreach (var bit in Enum.GetValues<TBit>())
        {
            if (EqualityComparer<TBit?>.Default.Equals(bit, refusedUnlessNamed) && !_rules.ContainsKey(bit))
            {
                members.Refused(PolicyNames.Camel(bit), $"Bit {Position(bit)} ({bit})");
                continue;
            }

            members.Flag(PolicyNames.Camel(bit), $"Bit {Position(bit)} ({bit})", _rules.TryGetValue(bit, out var isOn) ? isOn : null);
        }
    }

    internal static BitRules<TBit> Read(PolicyNode node)
    {
        _ = node.Map();   // at least one
        return new(node.Object(members => Enum.GetValues<TBit>()
            .Select(bit => (Bit: bit, Node: members.Optional(PolicyNames.Camel(bit))))
            .Where(rule => rule.Node is not null)
            .Select(rule => KeyValuePair.Create(rule.Bit, rule.Node!.Boolean()))
            .ToArray()));
    }

    private static int Position(TBit bit) => (int)(object)bit;
}
