using System.Text.Json;

namespace BlindAI.Attestation.Policy;

/// <summary>Writes a policy in its one normalised form.</summary>
internal static class AttestationPolicyWriter
{
    public static void Write(AttestationPolicy policy, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("version", AttestationPolicy.FormatVersion);
        if (policy.ValidUntil is { } validUntil)
        {
            writer.WriteString("validUntil", PolicyMembers.Format(validUntil));
        }

        writer.WriteString("service", policy.Service);
        WriteMachines(policy.Machines, writer);
        if (policy.Configuration.Digests is { } digests)
        {
            WriteList("configuration", digests, writer);
        }
        else
        {
            writer.WriteBoolean("dangerouslyAnyConfiguration", true);
        }

        writer.WriteNumber("reattestAfterSeconds", (long)policy.ReattestAfter.TotalSeconds);
        writer.WriteString("binder", PolicyNames.Camel(policy.Binder));
        writer.WriteStartArray("accept");
        foreach (var entry in policy.Accept)
        {
            PolicyMembers.Of(entry.Describe).WriteObject(writer);
        }

        writer.WriteEndArray();
        if (policy.Models.Count > 0)
        {
            writer.WriteStartObject("models");
            foreach (var (name, pins) in policy.Models)
            {
                WriteList(name, pins, writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteString("otherModels", PolicyNames.Camel(policy.OtherModels));
        if (policy.TimestampAuthorities is { } authorities)
        {
            WriteList("timestampAuthorities", authorities, writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteMachines(MachineRule machines, Utf8JsonWriter writer)
    {
        if (machines is MachineRule.Any)
        {
            writer.WriteString("machines", "any");
            return;
        }

        writer.WriteStartObject("machines");
        if (machines is MachineRule.Tls tls)
        {
            writer.WriteStartObject("tls");
            writer.WriteString("ca", tls.CaFile ?? MachineRule.SystemCa);
            writer.WriteEndObject();
        }
        else if (machines is MachineRule.Listed listed)
        {
            WriteList("chipIds", listed.ChipIds, writer);
            WriteList("ppids", listed.Ppids, writer);
            WriteList("platformInstanceIds", listed.PlatformInstanceIds, writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteList<T>(string name, IReadOnlyList<T>? values, Utf8JsonWriter writer)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value!.ToString());
        }

        writer.WriteEndArray();
    }
}
