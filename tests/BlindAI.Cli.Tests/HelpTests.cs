using System.CommandLine;
using BlindAI.Testing;

namespace BlindAI.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. PathsOf(Create(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_EveryCommand_SucceedsAndDescribesIt(string path)
    {
        string[] words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var command = words.Aggregate((Command)Create(), (parent, name) => parent.Subcommands.Single(child => child.Name == name));

        var run = await CliRun.OfAsync([.. words, "--help"]);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(command.Description!, run.Out, StringComparison.Ordinal);
        Assert.Contains("--json", run.Out, StringComparison.Ordinal);
        Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description), $"{path} {option.Name} has no description."));
        Assert.All(command.Arguments, argument => Assert.False(string.IsNullOrEmpty(argument.Description), $"{path} {argument.Name} has no description."));
    }

    [Theory]
    [InlineData("attest", true)]
    [InlineData("models upload", true)]
    [InlineData("run", true)]
    [InlineData("bench", true)]
    [InlineData("digest", false)]
    [InlineData("policy check", false)]
    public async Task Help_OptionsOfAConnection_StandOnlyWhereOneIsMade(string path, bool connects)
    {
        var help = (await CliRun.OfAsync([.. path.Split(' '), "--help"])).Out;

        Assert.All(["--url", "--policy", "--namespace", "--dangerously-allow-simulation"], option => Assert.Equal(connects, help.Contains(option, StringComparison.Ordinal)));
    }

    [Fact]
    public void Create_EveryCommand_IsInTheManual()
    {
        var manual = File.ReadAllText(RepositoryRoot.Combine("docs", "cli.md"));

        Assert.All(Leaves(Create(), "blindai"), path => Assert.Contains(path, manual, StringComparison.Ordinal));
        Assert.All(OptionsOf(Create()), option => Assert.Contains(option.Name, manual, StringComparison.Ordinal));
    }

    private static RootCommand Create() => BlindAICommand.Create(new CliHost { Out = TextWriter.Null, Error = TextWriter.Null });

    private static IEnumerable<string> PathsOf(Command command, string path) =>
        [path, .. command.Subcommands.SelectMany(child => PathsOf(child, $"{path} {child.Name}".Trim()))];

    private static IEnumerable<string> Leaves(Command command, string path) => command.Subcommands.Count == 0 ? [path] : command.Subcommands.SelectMany(child => Leaves(child, $"{path} {child.Name}"));

    private static IEnumerable<Option> OptionsOf(Command command) => [.. command.Options, .. command.Subcommands.SelectMany(OptionsOf)];
}
