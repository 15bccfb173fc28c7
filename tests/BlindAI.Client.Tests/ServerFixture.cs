using System.Text;
using BlindAI.Attestation.Policy;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol.Models;

namespace BlindAI.Client.Tests;

/// <summary>One real server process for the tests of a class, each of which uses a namespace of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public SimulationServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await SimulationServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>A verified client in a namespace.</summary>
    public Task<BlindAIClient> ConnectAsync(string owner, ChannelMode channel, string members = "\"otherModels\": \"allow\"") => BlindAIClient.ConnectAsync(
        Server.Url,
        AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
            {
              "version": 1, "service": "localhost", "machines": "any", "dangerouslyAnyConfiguration": true,
              "accept": [ { "tee": "simulation", "key": "{{Server.SimulationKey}}" } ], {{members}}
            }
            """)),
        new() { Namespace = NamespaceName.Parse(owner), Channel = channel },
        TestContext.Current.CancellationToken);
}
