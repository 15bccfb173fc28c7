using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Cli.Tests.Commands;

public sealed class AttestCommandTests
{
    private const string Simulation = "--dangerously-allow-simulation";

    [Fact]
    public async Task Attest_SimulationWithoutPolicy_Exits10()
    {
        await using var server = await SimulatedServer.StartAsync();

        var run = await CliRun.OfAsync("attest", "--url", server.Url);

        Assert.Equal(10, run.Exit);
        Assert.StartsWith("error 501 SimulationRefused: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("NOT VERIFIED", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attest_SimulationWithoutPolicyWithJson_AnswersOneErrorObject()
    {
        await using var server = await SimulatedServer.StartAsync();

        var run = await CliRun.OfAsync("attest", "--url", server.Url, "--json");

        Assert.Equal((10, 501), (run.Exit, run.ReadJson().GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("snp-report", "snp")]
    [InlineData("new-kind", "new-kind")]
    public async Task Attest_OtherEvidenceWithoutPolicy_AsksForAPolicy(string evidenceType, string named)
    {
        await using var server = await SimulatedServer.StartAsync(evidenceType: evidenceType);

        var run = await CliRun.OfAsync("attest", "--url", server.Url);

        Assert.Equal(2, run.Exit);
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.Contains("--policy FILE", run.Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Attest_AllowedSimulation_ExplainsTheStepsAndWarns()
    {
        await using var server = await SimulatedServer.StartAsync();

        var run = await CliRun.OfAsync("attest", "--url", server.Url, Simulation);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("5. connection ends in the enclave", run.Out, StringComparison.Ordinal);
        Assert.Contains("simulation (NO hardware)", run.Out, StringComparison.Ordinal);
        Assert.Contains("protects NOTHING", run.Out, StringComparison.Ordinal);
        Assert.Contains("NOT pinned", run.Out, StringComparison.Ordinal);
        Assert.Contains(server.SimulationKey.ToString(), run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attest_AllowedSimulationWithJson_SaysEverything()
    {
        await using var server = await SimulatedServer.StartAsync();

        var json = (await CliRun.OfAsync("attest", "--url", server.Url, Simulation, "--json")).ReadJson();

        Assert.Equal("simulation", json.GetProperty("tee").GetString());
        Assert.False(json.GetProperty("isHardware").GetBoolean());
        Assert.True(json.GetProperty("simulation").GetBoolean());
        Assert.False(json.GetProperty("simulationKeyPinned").GetBoolean());
        Assert.NotEmpty(json.GetProperty("warnings").EnumerateArray());
        Assert.Equal("localhost", json.GetProperty("service").GetString());
        Assert.Equal(server.SimulationKey.ToString(), json.GetProperty("facts").GetProperty("key").GetString());
        Assert.Equal(json.GetProperty("tlsKey").GetString(), json.GetProperty("claims").GetProperty("tlsKey").GetString());
        Assert.Equal(900, json.GetProperty("reattestAfterSeconds").GetInt32());
        Assert.All(json.GetProperty("steps").EnumerateArray(), step => Assert.NotEmpty(step.GetProperty("meaning").GetString()!));
    }

    [Fact]
    public async Task Attest_WritePolicy_PinsTheServerItSaw()
    {
        await using var server = await SimulatedServer.StartAsync();
        await using var another = await SimulatedServer.StartAsync();
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("policy.json");

        var written = await CliRun.OfAsync("attest", "--url", server.Url, Simulation, "--write-policy", file);
        var accepted = await CliRun.OfAsync("attest", "--url", server.Url, "--policy", file);
        var refused = await CliRun.OfAsync("attest", "--url", another.Url, "--policy", file);

        Assert.Equal(0, written.Exit);
        Assert.Contains("not what was REVIEWED", written.Error, StringComparison.Ordinal);
        Assert.Equal(0, accepted.Exit);
        Assert.Contains("the one that your policy names", accepted.Out, StringComparison.Ordinal);
        Assert.Equal(10, refused.Exit);
        Assert.StartsWith("error 506 SimulationKeyNotAccepted: ", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--save")]
    [InlineData("--write-policy")]
    public async Task Attest_FileExists_IsKeptUnlessForced(string option)
    {
        await using var server = await SimulatedServer.StartAsync();
        using var folder = new TemporaryFolder();
        var file = folder.Write("file.json", "precious");

        var kept = await CliRun.OfAsync("attest", "--url", server.Url, Simulation, option, file);
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var replaced = await CliRun.OfAsync("attest", "--url", server.Url, Simulation, option, file, "--force");

        Assert.Equal((2, "precious"), (kept.Exit, text));
        Assert.Contains("--force", kept.Error, StringComparison.Ordinal);
        Assert.Equal(0, replaced.Exit);
        Assert.NotEqual("precious", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Attest_Save_KeepsWhatVerifiesAgainOffline()
    {
        await using var server = await SimulatedServer.StartAsync();
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("evidence.json");

        var run = await CliRun.OfAsync("attest", "--url", server.Url, Simulation, "--save", file, "--json");
        using var saved = JsonDocument.Parse(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));

        var seen = new TlsObservation
        {
            Nonce = Nonce.Parse(Bytes("nonce")),
            Host = saved.RootElement.GetProperty("host").GetString()!,
            TlsCertificate = Bytes("tlsCertificate"),
        };
        var evidence = EvidenceObjectJson.Parse(System.Text.Encoding.UTF8.GetBytes(saved.RootElement.GetProperty("evidence").GetRawText()));
        var enclave = EnclaveVerifier.Verify(evidence, seen, AttestationPolicy.DangerouslyAllowSimulation("localhost"), DateTimeOffset.UnixEpoch);

        Assert.Equal(enclave.ClaimsDigest.ToString(), run.ReadJson().GetProperty("claimsDigest").GetString());
        Assert.Equal(enclave.TlsKey, Sha256Digest.Of(Bytes("tlsSpki")));

        byte[] Bytes(string name) => StrictBase64Url.TryDecode(System.Text.Encoding.ASCII.GetBytes(saved.RootElement.GetProperty(name).GetString()!), out var bytes) ? bytes : [];
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 40, "error 601")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 40, "error 601")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>", 30, "error 104")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", 40, "error 601")]
    [InlineData("", 40, "error 601")]
    public async Task Attest_ServerOfAnotherKind_IsRefused(string answer, int exit, string error)
    {
        await using var server = new ForeignTlsServer(answer);

        var run = await CliRun.OfAsync("attest", "--url", server.Url, Simulation);

        Assert.Equal((exit, ""), (run.Exit, run.Out));
        Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
    }
}
