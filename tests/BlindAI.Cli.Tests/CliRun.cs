using System.Text.Json;

namespace BlindAI.Cli.Tests;

/// <summary>One run of the command in this process: its exit code and what it wrote.</summary>
internal sealed record CliRun(int Exit, string Out, string Error)
{
    /// <summary>The one JSON document of standard output.</summary>
    public JsonElement ReadJson()
    {
        using var document = JsonDocument.Parse(Out);
        return document.RootElement.Clone();
    }

    public static Task<CliRun> OfAsync(params string[] arguments) => OfAsync(static _ => null, arguments);

    public static async Task<CliRun> OfAsync(Func<string, string?> variable, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await BlindAICommand.RunAsync(arguments, new CliHost { Out = output, Error = error, Variable = variable }, TestContext.Current.CancellationToken);
        return new(exit, output.ToString(), error.ToString());
    }
}
