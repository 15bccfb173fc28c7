using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol.Models;

namespace BlindAI.EndToEnd.Tests;

/// <summary>One real server process for the tests of a class, each of which uses a namespace of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public SimulationServer Server { get; private set; } = null!;

    /// <summary>A policy that pins this server's simulation key.</summary>
    public AttestationPolicy Policy => Policies.For(Server);

    public async ValueTask InitializeAsync() => Server = await SimulationServer.StartAsync(["--Limits:MaxRequestBytes=33554432", "--Limits:MaxModelBytes=67108864", "--Limits:AttestationsPerSecond=1000"]);

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>A verified client in a namespace.</summary>
    public Task<BlindAIClient> ConnectAsync(string owner = "default", ChannelMode channel = ChannelMode.Gated) =>
        BlindAIClient.ConnectAsync(Server.Url, Policy, new() { Namespace = NamespaceName.Parse(owner), Channel = channel }, TestContext.Current.CancellationToken);
}
