namespace BlindAI.Attestation.Policy;

/// <summary>An object of a policy file while it is read: it remembers which members were asked for.</summary>
internal sealed class PolicyObject(PolicyNode node)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>The object itself, to refuse it as a whole.</summary>
    public PolicyNode Node => node;

    /// <summary>The member, or null when it is absent.</summary>
    public PolicyNode? Optional(string name)
    {
        _ = _known.Add(name);
        return node.Members.GetValueOrDefault(name);
    }

    /// <exception cref="AttestationException">The member is absent.</exception>
    public PolicyNode Required(string name) => Optional(name) ?? throw node.Missing(name);

    /// <summary>What every entry may say about debug mode.</summary>
    public bool DangerouslyAllowDebug() => Optional("dangerouslyAllowDebug")?.Boolean() ?? false;

    /// <exception cref="AttestationException">A member stands here that nobody asked for.</exception>
    public void RefuseUnknown()
    {
        foreach (var (name, member) in node.Members)
        {
            if (!_known.Contains(name))
            {
                throw member.Invalid("is not a known member", $"known here: {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
            }
        }
    }
}
