using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;
using static BlindAI.Attestation.Policy.PolicyStatementKind;

namespace BlindAI.Attestation.Policy;

/// <summary>Says a policy in sentences that a non-expert follows, in the order of the file.</summary>
internal sealed class PolicyExplanation
{
    private readonly List<PolicyStatement> _statements = [];

    private PolicyExplanation()
    {
    }

    public static IReadOnlyList<PolicyStatement> Of(AttestationPolicy policy, IReadOnlyCollection<TeeKind> verifiable)
    {
        var explanation = new PolicyExplanation();
        explanation.Frame(policy);
        explanation.Machines(policy);
        explanation.Configuration(policy.Configuration);
        explanation.Channel(policy);
        for (var index = 0; index < policy.Accept.Count; index++)
        {
            explanation.Entry(policy.Accept[index], $"$.accept[{index}]", policy.Machines, verifiable);
        }

        explanation.Models(policy);
        explanation.TimestampAuthorities(policy);
        return explanation._statements;
    }

    private void Frame(AttestationPolicy policy)
    {
        if (policy.ValidUntil is { } end)
        {
            Say(Checked, "$.validUntil", $"The policy is refused after {PolicyMembers.Format(end)}.");
        }
        else
        {
            Say(NotChecked, "$.validUntil", "The policy never ends: NOT CHECKED.");
            Say(Warning, "$.validUntil", "A policy without an end is never reviewed: set validUntil.");
        }

        Say(Checked, "$.service", $"The enclave must say that it serves {policy.Service}. This prevents mix-ups; it does not prove who runs it.");
    }

    private void Machines(AttestationPolicy policy)
    {
        switch (policy.Machines)
        {
            case MachineRule.Listed listed:
                Say(Checked, "$.machines", $"The machine must be one of the {listed.ChipIds?.Count ?? 0} AMD chips or "
                    + $"{(listed.Ppids?.Count ?? 0) + (listed.PlatformInstanceIds?.Count ?? 0)} Intel platforms that are listed.");
                break;
            case MachineRule.Tls tls:
                Say(Checked, "$.machines", $"The attested TLS key must have a certificate for the dialled name from {tls.CaFile ?? "an authority that the operating system trusts"}.");
                break;
            default:
                Say(NotChecked, "$.machines", "Whose machine runs the enclave: NOT CHECKED.");
                Say(Warning, "$.machines", "Any genuine machine is accepted, also one whose owner attacks it with physical means.");
                break;
        }
    }

    private void Configuration(DigestRule configuration)
    {
        if (configuration.Digests is { } digests)
        {
            Say(Checked, "$.configuration", $"The server's trust configuration (callers, logging, limits) must be {OneOf(digests.Count)}.");
        }
        else
        {
            Say(NotChecked, "$.dangerouslyAnyConfiguration", "The server's trust configuration (callers, logging, limits): NOT CHECKED.");
            Say(Warning, "$.dangerouslyAnyConfiguration", "Whoever starts the server decides who may call it and what it logs: list the configurations that you reviewed.");
        }
    }

    private void Channel(AttestationPolicy policy)
    {
        Say(Checked, "$.reattestAfterSeconds", $"A verification is used for {policy.ReattestAfter.TotalSeconds:0} seconds, then the enclave must prove itself again.");
        Say(policy.Binder == BinderRequirement.Preferred ? NotChecked : Checked, "$.binder", policy.Binder switch
        {
            BinderRequirement.Required => "Every connection must be bound to the evidence, so that nobody can relay it.",
            BinderRequirement.Quote => "Every connection must be bound to evidence of its own, so that nobody can relay it.",
            _ => "Connections are bound to the evidence where both ends can. Elsewhere a relay that stole the server's TLS key: NOT CHECKED.",
        });
    }

    private void Entry(PolicyEntry entry, string path, MachineRule machines, IReadOnlyCollection<TeeKind> verifiable)
    {
        Say(Accepts, path, entry.Tee.IsHardware
            ? $"Accepted: {entry.Tee} evidence that meets every demand below."
            : "Accepted: a simulation, which is ordinary software without any protection.");
        if (!verifiable.Contains(entry.Tee))
        {
            Say(Warning, path, $"This version cannot verify {entry.Tee} evidence yet: everything that this entry accepts will be refused.");
        }

        if (machines is MachineRule.Listed listed && !CanName(listed, entry))
        {
            Say(Warning, path, $"The lists under machines name no machine of this kind: {entry.Tee} evidence will always be refused.");
        }

        foreach (var member in entry.Explain())
        {
            Say(member.IsChecked ? Checked : NotChecked, $"{path}.{member.Name}", member.Meaning);
        }

        if (!entry.Tee.IsHardware)
        {
            Say(Warning, path, "Simulation protects nothing: whoever runs the server reads everything. Use it for development and tests only.");
        }

        if (entry is SimulationPolicyEntry { Key.Digests: null })
        {
            Say(Warning, path + ".key", "Any key is accepted: whoever answers the connection may be the simulation.");
        }

        if (entry.DangerouslyAllowDebug)
        {
            Say(Warning, path + ".dangerouslyAllowDebug", "Debug mode is allowed: whoever runs the machine may read everything.");
        }

        if (entry is SnpPolicyEntry snp && snp.Products.Contains(SnpProduct.Milan))
        {
            Say(Warning, path + ".products", "Milan is accepted: its attestation root was extracted by software, so its reports can be forged (arXiv 2605.12990).");
        }
    }

    private void Models(AttestationPolicy policy)
    {
        foreach (var (name, digests) in policy.Models)
        {
            Say(Checked, $"$.models['{name}']", $"The model {name} must have {OneOf(digests.Count)} as its digest.");
        }

        if (policy.OtherModels is OtherModels.Refuse)
        {
            Say(Checked, "$.otherModels", "Models that are not named are refused.");
            if (policy.Models.Count == 0)
            {
                Say(Warning, "$.otherModels", "No model is named and others are refused: no model can be used.");
            }
        }
        else
        {
            Say(NotChecked, "$.otherModels", "Which model answers, for models that are not named: NOT CHECKED.");
            Say(Warning, "$.otherModels", "Models that are not named may be exchanged by whoever may upload them.");
        }
    }

    private void TimestampAuthorities(AttestationPolicy policy) =>
        Say(policy.TimestampAuthorities is null ? NotChecked : Checked, "$.timestampAuthorities", policy.TimestampAuthorities is { } authorities
            ? $"When a proof was made must be stamped; the time-stamp authority must be {OneOf(authorities.Count)}."
            : "When a proof was made is only claimed, never proved: NOT CHECKED.");

    /// <summary>Whether the lists hold ids of the kind that this TEE's evidence carries; Nitro, CCA and simulation carry none.</summary>
    private static bool CanName(MachineRule.Listed listed, PolicyEntry entry) => entry switch
    {
        SnpPolicyEntry => listed.ChipIds is not null,
        TdxPolicyEntry or SgxPolicyEntry => listed.Ppids is not null || listed.PlatformInstanceIds is not null,
        AzurePolicyEntry azure => CanName(listed, azure.Hardware),
        _ => false,
    };

    private static string OneOf(int count) => count == 1 ? "the listed one" : $"one of the {count} listed";

    private void Say(PolicyStatementKind kind, string path, string text) => _statements.Add(new(kind, path, text));
}
