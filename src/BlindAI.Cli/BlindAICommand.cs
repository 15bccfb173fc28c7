using System.CommandLine;
using BlindAI.Cli.Commands;

namespace BlindAI.Cli;

/// <summary>The <c>blindai</c> command: its tree, and the one place where failures become messages and exit codes.</summary>
internal static class BlindAICommand
{
    /// <summary>Parses the arguments and runs what they ask for.</summary>
    /// <returns>The exit code: <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliHost host, CancellationToken cancellationToken)
    {
        // An argument that begins with '@' is an argument, not a file of more arguments.
        var parsed = Create(host).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            if (parsed.Errors.Count > 0)
            {
                throw new UsageException(string.Join(' ', parsed.Errors.Select(error => error.Message)), $"see {PathOf(parsed.CommandResult.Command, parsed)} --help.");
            }

            // Signals are the caller's: this token is the only way to interrupt.
            var invocation = new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (Exception exception)
        {
            var error = CliError.Of(exception, cancellationToken.IsCancellationRequested);
            error.Write(host, arguments.Contains("--json"));
            return error.Exit;
        }
    }

    /// <summary>The tree of commands.</summary>
    public static RootCommand Create(CliHost host)
    {
        var common = new CommonOptions();
        var root = new RootCommand("Confidential AI inference: verify the enclave, then send.")
        {
            common.Connecting(AttestCommand.Create(host, common)),
            common.Connecting(ModelsCommand.Create(host, common)),
            common.Connecting(RunCommand.Create(host, common)),
            common.Connecting(BenchCommand.Create(host, common)),
            DigestCommand.Create(host, common),
            PolicyCommand.Create(host, common),
            EvidenceCommand.Create(host, common),
        };
        root.Options.Add(common.Json);
        return root;
    }

    private static string PathOf(Command command, ParseResult parsed) =>
        command == parsed.RootCommandResult.Command ? "blindai"
        : $"{PathOf(command.Parents.OfType<Command>().FirstOrDefault() ?? parsed.RootCommandResult.Command, parsed)} {command.Name}";
}
