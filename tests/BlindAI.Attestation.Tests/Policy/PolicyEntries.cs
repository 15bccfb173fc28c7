using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tests.Policy;

/// <summary>Entries of policies as a file writes them, so that tests of judgements read what users write.</summary>
internal static class PolicyEntries
{
    /// <summary>Reads an entry with one member replaced or added; a dot leads into a part: <c>vmConfiguration.secureBoot</c>.</summary>
    public static T Parse<T>(string entry, string? member = null, string? value = null)
        where T : PolicyEntry
    {
        var node = JsonNode.Parse(entry)!.AsObject();
        if (member is not null)
        {
            var part = node;
            var path = member.Split('.');
            foreach (var name in path[..^1])
            {
                part[name] ??= new JsonObject();
                part = part[name]!.AsObject();
            }

            part[path[^1]] = JsonNode.Parse(value!);
        }

        var policy = new JsonObject
        {
            ["version"] = 1,
            ["service"] = "risk.example.org",
            ["machines"] = "any",
            ["dangerouslyAnyConfiguration"] = true,
            ["accept"] = new JsonArray(node),
            ["otherModels"] = "allow",
        };
        return (T)AttestationPolicy.Parse(Encoding.UTF8.GetBytes(policy.ToJsonString())).Accept[0];
    }
}
