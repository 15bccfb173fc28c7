using System.CommandLine;
using BlindAI.Attestation;
using BlindAI.Cli.Attest;
using BlindAI.Client;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai attest</c>: verifies a server and explains what was proved, step by step.</summary>
internal static class AttestCommand
{
    public static Command Create(CliHost host, CommonOptions common)
    {
        var save = new Option<string?>("--save")
        {
            Description = "Save the verified evidence with its nonce and TLS key, for later checks offline.",
            HelpName = "FILE",
        };
        var writePolicy = new Option<string?>("--write-policy")
        {
            Description = "Write a policy for the server that was verified. It pins what was seen, not what was reviewed.",
            HelpName = "FILE",
        };
        var force = new Option<bool>("--force") { Description = "Replace files that exist." };
        var command = new Command("attest", "Verify a server and explain what was proved, step by step.") { save, writePolicy, force };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var run = new Run(host, common.ReadTarget(arguments, host), arguments.GetValue(common.Json), arguments.GetValue(force));
            await run.AttestAsync(arguments.GetValue(save), arguments.GetValue(writePolicy), cancellationToken);
            return ExitCode.Success;
        });
        return command;
    }

    private sealed record Run(CliHost Host, ServerTarget Target, bool AsJson, bool Force)
    {
        public async Task AttestAsync(string? save, string? writePolicy, CancellationToken cancellationToken)
        {
            LocalFile.RequireAbsent(save, Force);
            LocalFile.RequireAbsent(writePolicy, Force);
            var target = Target.Policy is null ? await InspectAsync(writePolicy is not null, cancellationToken) : Target;
            await using var client = await target.ConnectAsync(cancellationToken);
            var report = new EnclaveReport(Target.Url, client.Enclave);
            if (AsJson)
            {
                JsonOutput.Write(Host.Out, report.Write);
            }
            else
            {
                report.Write(Host.Out);
            }

            if (save is not null)
            {
                LocalFile.Write(save, SavedEvidence.Encode(client.Transcript), Force);
                Host.Error.WriteLine($"saved the evidence to {save}");
            }

            if (writePolicy is not null)
            {
                LocalFile.Write(writePolicy, SeenPolicy.Of(client.Enclave).Encode(), Force);
                Host.Error.WriteLine($"wrote a policy to {writePolicy}");
                Host.Error.WriteLine("warning: it pins what was SEEN, not what was REVIEWED: had an attacker answered, it would pin the attacker. Review it before you rely on it:");
                Host.Error.WriteLine($"warning: blindai policy check {writePolicy}");
            }
        }

        /// <summary>Without a policy nothing can be accepted: says what the server claims to be, and refuses. Who asks for a policy gets one of what hardware proves here.</summary>
        private async Task<ServerTarget> InspectAsync(bool isPolicyWanted, CancellationToken cancellationToken)
        {
            var transcript = await EvidenceInspection.FetchAsync(Target.Url, Target.Options, cancellationToken);
            var claim = new UnverifiedClaim(Target.Url, transcript);
            if (!AsJson)
            {
                claim.Write(Host.Out);
            }

            if (isPolicyWanted && claim.Hardware is { } hardware)
            {
                return Target with { Policy = await SeenPolicy.OfAsync(transcript, hardware, Target.Options.Collateral, cancellationToken) };
            }

            throw claim.IsSimulation
                ? new AttestationException(RejectionCode.SimulationRefused, "The server runs in simulation, which protects nothing, and no policy allows that.",
                    "for development only: --dangerously-allow-simulation, or a policy with a simulation entry.")
                : new UsageException($"The server shows evidence of {claim.Kinds}, and no policy says what to accept of it: nothing was verified.",
                    "pass --policy FILE with the measurements that you reviewed, or --write-policy FILE to write one of what the server proves.");
        }
    }
}
