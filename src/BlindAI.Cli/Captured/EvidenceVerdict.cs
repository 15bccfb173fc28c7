using System.Text.Json;
using System.Text.Json.Nodes;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Cli.Captured;

/// <summary>What was decided about captured evidence. Authentic, acceptable by default, and accepted by a policy are three results.</summary>
internal sealed record EvidenceVerdict
{
    /// <summary>The TEE; null when not even that could be read.</summary>
    public required TeeKind? Tee { get; init; }

    /// <summary>The instant that everything was judged at.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The root that was believed in place of the vendor's.</summary>
    public Sha256Digest? TrustedRoot { get; init; }

    /// <summary>Why the evidence is not authentic; null when it is.</summary>
    private AttestationException? Refusal { get; init; }

    private VerifiedEvidence? Evidence { get; init; }

    private bool IsFresh { get; init; }

    private AttestationException? DefaultRefusal { get; init; }

    private AttestationException? PolicyRefusal { get; init; }

    private bool HasPolicy { get; init; }

    private string[] NotChecked { get; init; } = [];

    /// <summary>Zero when the evidence is authentic and the policy, if there is one, accepts it.</summary>
    public int Exit => Refusal is not null ? ExitCode.Of((int)Refusal.Code) : PolicyRefusal is not null ? ExitCode.Of((int)PolicyRefusal.Code) : ExitCode.Success;

    private string Result => Refusal is null ? "valid" : ((int)Refusal.Code / 100) switch { 2 => "unsupported", 6 => "undecided", _ => "invalid" };

    /// <summary>The refusal that speaks about acceptance: of the policy, or without one of the default.</summary>
    private AttestationException? Unacceptable => HasPolicy ? PolicyRefusal : DefaultRefusal;

    /// <summary>Evidence that was refused before its verifier saw it.</summary>
    public static EvidenceVerdict Of(AttestationException refusal, TeeKind? tee, DateTimeOffset at) => new() { Tee = tee, At = at, Refusal = refusal };

    /// <summary>Verifies evidence and judges it.</summary>
    /// <param name="source">The evidence, and what came with it.</param>
    /// <param name="at">When it must be authentic: it may say so itself.</param>
    /// <param name="policy">What is accepted; null for prudence alone.</param>
    /// <param name="policyAt">When the policy must be valid: never a matter of what is judged by it.</param>
    /// <param name="trustedRoot">Another root than the vendor's.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.Internal"/> only: a defect is no verdict.</exception>
    public static EvidenceVerdict Of(EvidenceSource source, DateTimeOffset at, AttestationPolicy? policy, DateTimeOffset policyAt, Sha256Digest? trustedRoot)
    {
        var verdict = new EvidenceVerdict { Tee = source.Tee, At = at, TrustedRoot = trustedRoot };
        ITeeVerifier? verifier = null;
        VerifiedEvidence? evidence = null;
        var refusal = RefusalOf(() =>
        {
            verifier = trustedRoot is null ? TeeVerifiers.For(source.Tee) : TeeVerifiers.DangerouslyTrusting(source.Tee, trustedRoot);
            evidence = verifier.Verify(source.Evidence, source.Challenge, at);
            source.Exchange?.RequireClaims();
        });
        if (refusal is not null)
        {
            return verdict with { Refusal = refusal };
        }

        // With the whole exchange at hand the policy is asked as it was when the client connected; else it is asked about the evidence.
        var seen = source.Exchange?.Seen;
        return verdict with
        {
            Evidence = evidence,
            IsFresh = evidence!.IsFresh && source.Exchange is null or { Nonce: not null },
            DefaultRefusal = RefusalOf(() => verifier!.JudgeByDefault(evidence)),
            HasPolicy = policy is not null,
            PolicyRefusal = policy is null ? null
                : RefusalOf(() =>
                {
                    policy.RequireValidAt(policyAt);
                    if (seen is null)
                    {
                        EnclaveVerifier.JudgeCaptured(evidence, policy, at);
                    }
                    else
                    {
                        _ = EnclaveVerifier.Verify(source.Exchange!.Value, seen, policy, at);
                    }
                }),
            NotChecked = policy is null || seen is not null ? [] : BeyondEvidence(policy),
        };
    }

    /// <summary>Writes the verdict as JSON.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("result", Result);
        writer.WriteNumber("code", Refusal is null ? 0 : (int)Refusal.Code);
        writer.WriteString("reason", Refusal?.Reason);
        writer.WriteString("hint", Refusal?.Hint);
        writer.WriteString("tee", Tee?.Name);
        writer.WriteString("at", Printable.Instant(At));
        if (TrustedRoot is not null)
        {
            writer.WriteString("trustedRoot", $"dangerously: {TrustedRoot}");
        }

        writer.WriteString("freshness", IsFresh ? "checked" : "not checked");
        writer.WriteString("defaultPolicy", WordOf(Refusal ?? DefaultRefusal));
        if (HasPolicy)
        {
            writer.WriteString("policy", WordOf(PolicyRefusal));
        }

        if (Unacceptable is not null)
        {
            writer.WriteNumber("policyCode", (int)Unacceptable.Code);
            writer.WriteString("policyReason", Unacceptable.Reason);
        }

        if (NotChecked.Length > 0)
        {
            writer.WriteStartArray("policyNotChecked");
            foreach (var name in NotChecked)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        if (Evidence is not null)
        {
            writer.WritePropertyName("claims");
            Evidence.ToJson().WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the verdict for people.</summary>
    public void Write(TextWriter output)
    {
        var tee = Tee?.Name ?? "an unknown TEE";
        if (Refusal is not null)
        {
            output.WriteLine(Printable.Clean($"{Result.ToUpperInvariant()}: evidence of {tee}, {(int)Refusal.Code} {Refusal.Code}: {Refusal.Reason}"));
            if (Refusal.Hint is not null)
            {
                output.WriteLine(Printable.Clean($"hint: {Refusal.Hint}"));
            }

            return;
        }

        output.WriteLine($"VALID: the evidence of {tee} is authentic at {Printable.Instant(At)}{(TrustedRoot is null ? "" : $" under the root {TrustedRoot}, which is NOT the vendor's")}.");
        output.WriteLine(IsFresh ? "It answers the expected nonce or report data." : "Freshness was NOT CHECKED: it may be a recording.");
        output.WriteLine(Judged("A prudent default", DefaultRefusal));
        if (HasPolicy)
        {
            output.WriteLine(Judged("Your policy", PolicyRefusal));
            if (NotChecked.Length > 0)
            {
                output.WriteLine($"NOT CHECKED of your policy, since evidence alone does not show it: {string.Join(", ", NotChecked)}.");
            }
        }

        var claims = Evidence!.ToJson();
        if (IsFalse(claims["crl_checked"]) || IsFalse(claims["revocation_checked"]) || IsFalse(claims["hardware_details"]?["crl_checked"]))
        {
            output.WriteLine("Revocation was NOT CHECKED: the vendor may have withdrawn its word about these keys.");
        }

        output.WriteLine();
        foreach (var (name, value) in claims)
        {
            output.WriteLine(Printable.Clean($"  {name,-24} {TextOf(value)}"));
        }
    }

    /// <summary>The members of a policy that evidence without its exchange cannot show.</summary>
    private static string[] BeyondEvidence(AttestationPolicy policy) => policy.Machines is MachineRule.Tls ? ["service", "configuration", "machines"] : ["service", "configuration"];

    private static string Judged(string who, AttestationException? refusal) =>
        Printable.Clean(refusal is null ? $"{who} accepts it." : $"{who} REJECTS it with {(int)refusal.Code} {refusal.Code}: {refusal.Reason}");

    private static string TextOf(JsonNode? value) => value is JsonValue single && single.TryGetValue<string>(out var text) ? text : value?.ToJsonString() ?? "none";

    private static bool IsFalse(JsonNode? value) => value?.GetValueKind() == JsonValueKind.False;

    private static string WordOf(AttestationException? refusal) => refusal is null ? "accept" : "reject";

    private static AttestationException? RefusalOf(Action decide)
    {
        try
        {
            decide();
            return null;
        }
        catch (AttestationException exception) when (exception.Code != RejectionCode.Internal)
        {
            return exception;
        }
    }
}
