using System.CommandLine;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai policy check</c>: reads a policy and says in sentences what it accepts, checks and does not check.</summary>
internal static class PolicyCommand
{
    private static readonly (PolicyStatementKind Kind, string Title)[] Groups =
    [
        (PolicyStatementKind.Accepts, "ACCEPTED"),
        (PolicyStatementKind.Checked, "CHECKED"),
        (PolicyStatementKind.NotChecked, "NOT CHECKED"),
        (PolicyStatementKind.Warning, "WARNINGS"),
    ];

    public static Command Create(CliHost host, CommonOptions common)
    {
        var file = new Argument<string>("file") { Description = "The policy file.", HelpName = "FILE" };
        var check = new Command("check", "Read a policy and explain it: what it accepts, what it checks, what it does NOT check.") { file };
        check.SetAction(arguments =>
        {
            var policy = CommonOptions.LoadPolicy(arguments.GetValue(file)!);
            var statements = Explain(policy, host.Clock.GetUtcNow());
            if (arguments.GetValue(common.Json))
            {
                WriteJson(host.Out, policy, statements);
            }
            else
            {
                WriteText(host.Out, policy, statements);
            }

            return ExitCode.Success;
        });
        return new Command("policy", "Work with policies: what a client accepts.") { check };
    }

    private static IReadOnlyList<PolicyStatement> Explain(AttestationPolicy policy, DateTimeOffset now)
    {
        var statements = policy.Explain([.. TeeVerifiers.All.Select(verifier => verifier.Tee)]);
        return policy.ValidUntil < now
            ? [.. statements, new(PolicyStatementKind.Warning, "$.validUntil", "The policy has ended: it is refused now.")]
            : statements;
    }

    private static void WriteText(TextWriter output, AttestationPolicy policy, IReadOnlyList<PolicyStatement> statements)
    {
        foreach (var (kind, title) in Groups)
        {
            var group = statements.Where(statement => statement.Kind == kind).ToList();
            if (group.Count == 0)
            {
                continue;
            }

            output.WriteLine(title);
            foreach (var (_, path, text) in group)
            {
                output.WriteLine($"  {Printable.Clean(path)}: {Printable.Clean(text)}");
            }

            output.WriteLine();
        }

        output.WriteLine($"policy digest {policy.Digest}");
    }

    private static void WriteJson(TextWriter output, AttestationPolicy policy, IReadOnlyList<PolicyStatement> statements) => JsonOutput.Write(output, writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("valid", true);
        writer.WriteString("digest", policy.Digest.ToString());
        writer.WriteBoolean("simulation", policy.AllowsSimulation);
        writer.WriteStartArray("statements");
        foreach (var (kind, path, text) in statements)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", KindName(kind));
            writer.WriteString("path", path);
            writer.WriteString("text", text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static string KindName(PolicyStatementKind kind) => kind switch
    {
        PolicyStatementKind.Accepts => "accepts",
        PolicyStatementKind.Checked => "checked",
        PolicyStatementKind.NotChecked => "notChecked",
        PolicyStatementKind.Warning => "warning",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
