using System.Text;
using BlindAI.Attestation.Policy;
using BlindAI.Examples.Quickstart;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Policies for servers in simulation.</summary>
internal static class Policies
{
    public static AttestationPolicy For(SimulationServer server) => ForKey(server.SimulationKey);

    public static AttestationPolicy ForKey(string key, string service = "localhost", string members = "\"otherModels\": \"allow\"") => AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
        {
          "version": 1, "service": "{{service}}", "machines": "any", "dangerouslyAnyConfiguration": true,
          "accept": [ { "tee": "simulation", "key": "{{key}}" } ], {{members}}
        }
        """));
}
