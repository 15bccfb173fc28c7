using BlindAI.Protocol.Configuration;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Tests.Hosting;

public sealed class ServerCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-server-tests-").FullName;

    [Fact]
    public void Parse_SwitchBeforeAnother_TakesBoth()
    {
        var command = ServerCommand.Parse(["--simulation", "--print-config"]);

        Assert.True(command.IsSimulation);
        Assert.True(command.PrintsConfiguration);
    }

    [Fact]
    public void Parse_NoSwitch_IsNoSimulation() => Assert.False(ServerCommand.Parse([]).IsSimulation);

    [Theory]
    [InlineData("--simulated")]
    [InlineData("simulation")]
    [InlineData("--config")]
    [InlineData("--Listen:Url")]
    [InlineData("--Listen:Urll=https://127.0.0.1:1")]
    [InlineData("--Listen:Url=http://127.0.0.1:1")]
    [InlineData("--Listen:Url=https://127.0.0.1:1/path")]
    [InlineData("--Telemetry:OtlpEndpoint=ftp://127.0.0.1:1")]
    [InlineData("--Telemetry:OtlpEndpoint=http://127.0.0.1:1/v1/traces")]
    [InlineData("--Telemetry:OtlpEndpoint=http://user@127.0.0.1:1")]
    [InlineData("--Telemetry:TritonMetrics=yes")]
    [InlineData("--Limits:MaxTensors=0")]
    [InlineData("--Limits:MaxTensors=-1")]
    [InlineData("--Logging:Level=Verbose")]
    public void Parse_WrongArgument_IsRefused(string argument) =>
        Assert.Throws<ConfigurationException>(() => ServerCommand.Parse([argument]));

    [Fact]
    public void Parse_CommandLineAfterFile_Wins()
    {
        var file = Path.Combine(_folder, "server.json");
        File.WriteAllText(file, """
            {
              // Comments are allowed.
              "Limits": { "MaxTensors": 7, "MaxByteStrings": 9 },
            }
            """);

        var limits = ServerCommand.Parse(["--config", file, "--Limits:MaxTensors=8"]).Settings.Trust.Protocol;

        Assert.Equal((8, 9), (limits.MaxTensors, limits.MaxByteStrings));
    }

    [Fact]
    public void Parse_FileThatIsAbsent_IsRefused() =>
        Assert.Throws<ConfigurationException>(() => ServerCommand.Parse(["--config", Path.Combine(_folder, "absent.json")]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
