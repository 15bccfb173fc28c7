using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Examples.Quickstart;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Client.Tests;

/// <summary>How long a proof serves, by the client's own clock, against a real server.</summary>
public sealed class VerificationLifetimeTests
{
    private static readonly AttestationPolicy AnySimulation = ShortLived(AttestationPolicy.DangerouslyAllowSimulation("localhost"));

    // From the server's own time on: a sealed request tells the time, and is refused when that is ten minutes off.
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    public static TheoryData<ChannelMode> Channels => [ChannelMode.Gated, ChannelMode.Pinned, ChannelMode.Sealed];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_ProofWithinItsLifetime_IsNotRenewed(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, channel);
        var enclave = client.Enclave;
        _clock.Advance(AnySimulation.ReattestAfter - TimeSpan.FromSeconds(1));

        await client.ListModelsAsync(Cancellation);

        Assert.Same(enclave, client.Enclave);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_ProofOfTwiceItsLifetime_IsRenewedFirst(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, channel);
        var enclave = client.Enclave;
        _clock.Advance(2 * AnySimulation.ReattestAfter);

        await client.ListModelsAsync(Cancellation);

        Assert.NotSame(enclave, client.Enclave);
        Assert.Equal(KeyOf(enclave), KeyOf(client.Enclave));
    }

    [Theory]
    [InlineData(ChannelMode.Gated, RejectionCode.EvidenceUnavailable)]
    [InlineData(ChannelMode.Pinned, RejectionCode.EnclaveExpired)]
    [InlineData(ChannelMode.Sealed, RejectionCode.EnclaveExpired)]
    public async Task List_ProofTooOldAndServerGone_IsRefused(ChannelMode channel, RejectionCode expected)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, channel);
        await server.StopAsync();
        _clock.Advance(2 * AnySimulation.ReattestAfter);

        var refusal = await Assert.ThrowsAsync<AttestationException>(() => client.ListModelsAsync(Cancellation));

        Assert.Equal(expected, refusal.Code);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_ServerRestartedWithNewKeys_IsVerifiedAnew(ChannelMode channel)
    {
        await using var first = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(first.Url, channel);
        var enclave = client.Enclave;
        await first.StopAsync();
        await using var second = await SimulationServer.StartAsync([$"--Listen:Url=https://127.0.0.1:{first.Url.Port}"]);

        await SurviveLostConnectionAsync(() => client.ListModelsAsync(Cancellation));

        Assert.NotEqual(KeyOf(enclave), KeyOf(client.Enclave));
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_AfterARenewalThatWasRefused_IsRefusedToo(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        var policy = EndingInFiveMinutes(server);
        await using var client = await BlindAIClient.ConnectAsync(server.Url, policy, new() { TimeProvider = _clock, Channel = channel }, Cancellation);
        _clock.Advance(TimeSpan.FromMinutes(4));
        await client.ListModelsAsync(Cancellation);
        _clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(RejectionCode.PolicyExpired, (await Assert.ThrowsAsync<AttestationException>(() => client.ReattestAsync(Cancellation))).Code);

        Assert.Equal(RejectionCode.PolicyExpired, (await Assert.ThrowsAsync<AttestationException>(() => client.ListModelsAsync(Cancellation))).Code);
    }

    [Theory]
    [InlineData(ChannelMode.Gated)]
    [InlineData(ChannelMode.Sealed)]
    public async Task List_PolicyThatHasEnded_IsRefusedThoughTheProofIsFresh(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await BlindAIClient.ConnectAsync(server.Url, EndingInFiveMinutes(server), new() { TimeProvider = _clock, Channel = channel }, Cancellation);
        _clock.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal(RejectionCode.PolicyExpired, (await Assert.ThrowsAsync<AttestationException>(() => client.ListModelsAsync(Cancellation))).Code);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task Reattest_ManyCallersAtOnce_ShareOneVerification(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, channel);

        var enclaves = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.ReattestAsync(Cancellation)));

        Assert.Single(enclaves.Distinct());
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_ManyCallersAtOnce_AreAllAnswered(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, channel);

        var lists = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.ListModelsAsync(Cancellation)));

        Assert.All(lists, list => Assert.Empty(list.Models));
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task List_DisposedClient_Throws(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        var client = await ConnectAsync(server.Url, channel);
        await client.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.ListModelsAsync(Cancellation));
    }

    private AttestationPolicy EndingInFiveMinutes(SimulationServer server) => AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
        {
          "version": 1, "service": "localhost", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
          "validUntil": "{{_clock.GetUtcNow().AddMinutes(5):yyyy-MM-dd'T'HH:mm:ss'Z'}}", "accept": [ { "tee": "simulation", "key": "{{server.SimulationKey}}" } ]
        }
        """));

    private static Sha256Digest? KeyOf(VerifiedEnclave enclave) => enclave.TlsKey ?? enclave.Claims.SealedRequestKeys;

    private static AttestationPolicy ShortLived(AttestationPolicy policy) => new()
    {
        Service = policy.Service,
        Machines = policy.Machines,
        Configuration = policy.Configuration,
        Accept = policy.Accept,
        OtherModels = policy.OtherModels,
        ReattestAfter = TimeSpan.FromMinutes(2),
    };

    private Task<BlindAIClient> ConnectAsync(Uri url, ChannelMode channel) =>
        BlindAIClient.ConnectAsync(url, AnySimulation, new() { TimeProvider = _clock, Channel = channel }, Cancellation);

    // A connection that the old process closed may be noticed only when it is used; the request after it meets the new process.
    private static async Task SurviveLostConnectionAsync(Func<Task> request)
    {
        try
        {
            await request();
        }
        catch (Protocol.ServingException exception) when (exception.Code == Protocol.ServingCode.ConnectionLost)
        {
            await request();
        }
    }
}
