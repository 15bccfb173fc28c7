using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tests.Policy;

/// <summary>An entry of a policy, written as in a file, to judge evidence by.</summary>
internal static class EntryUnderTest
{
    /// <summary>The base entry with members set: names and values by turns. A dot leads into a part: <c>vmConfiguration.secureBoot</c>.</summary>
    public static PolicyEntry With(string entry, params string[] members)
    {
        var json = JsonNode.Parse(entry)!.AsObject();
        foreach (var member in members.Chunk(2))
        {
            var path = member[0].Split('.');
            var part = json;
            foreach (var name in path[..^1])
            {
                part = (part[name] ??= new JsonObject()).AsObject();
            }

            part[path[^1]] = JsonNode.Parse(member[1]);
        }

        return Parse(json.ToJsonString());
    }

    public static PolicyEntry Parse(string entry) => AttestationPolicy.Parse(Encoding.UTF8.GetBytes(
        $$"""{ "version": 1, "service": "s", "machines": "any", "dangerouslyAnyConfiguration": true, "accept": [ {{entry}} ], "otherModels": "allow" }""")).Accept[0];
}
