using System.Text.Json;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Cli.Attest;

/// <summary>What was proved of an enclave: for people, step by step, and as JSON.</summary>
internal sealed class EnclaveReport(Uri server, VerifiedEnclave enclave)
{
    private string Instance => Convert.ToHexStringLower(enclave.Claims.Instance.Span);

    private long ReattestAfterSeconds => (long)enclave.Lifetime.TotalSeconds;

    /// <summary>Writes the explanation, the summary, and the warning that simulation demands.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine($"{server.Authority} met the policy. What was proved, step by step:");
        output.WriteLine();
        foreach (var step in enclave.Steps)
        {
            output.WriteLine($"{step.Number,4}. {step.Title}");
            output.WriteLine($"      {Printable.Clean(step.Meaning)}");
        }

        output.WriteLine();
        Line("TEE", enclave.Tee.IsHardware ? $"{enclave.Tee} (hardware)" : $"{enclave.Tee} (NO hardware)");
        Line("service", enclave.Claims.Service);
        Line("channel", enclave.TlsKey is null ? "sealed requests: somebody else ends TLS" : "TLS ends in the enclave");
        Line("TLS key", enclave.Claims.TlsKey);
        Line("receipt key", enclave.Claims.ReceiptKey);
        Line("configuration", enclave.Claims.Configuration);
        Line("instance", $"{Instance}, epoch {enclave.Claims.Epoch}");
        foreach (var (name, value) in enclave.Evidence.ToJson())
        {
            Line($"{enclave.Tee} {name}", value?.ToJsonString().Trim('"') ?? "none");
        }

        Line("policy", enclave.Policy.Digest);
        Line("valid for", $"{ReattestAfterSeconds} s{(enclave.Policy.ValidUntil is { } end ? $"; the policy ends {Printable.Instant(end)}" : "")}");
        if (!enclave.Tee.IsHardware)
        {
            output.WriteLine();
            SimulationNotice.Write(enclave, output);
        }

        void Line(string name, object value) => output.WriteLine($"  {name,-32} {Printable.Clean(value.ToString()!)}");
    }

    /// <summary>Writes the same as JSON.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("result", "verified");
        writer.WriteString("server", server.Authority);
        writer.WriteString("tee", enclave.Tee.Name);
        writer.WriteBoolean("isHardware", enclave.Tee.IsHardware);
        writer.WriteBoolean("simulation", !enclave.Tee.IsHardware);
        if (!enclave.Tee.IsHardware)
        {
            writer.WriteBoolean("simulationKeyPinned", SimulationNotice.IsKeyPinned(enclave));
            WriteAll(writer, "warnings", SimulationNotice.Of(enclave));
        }

        writer.WriteString("service", enclave.Claims.Service);
        writer.WriteString("channel", enclave.TlsKey is null ? "sealed" : "tls");
        writer.WriteString("tlsKey", enclave.Claims.TlsKey.ToString());
        writer.WriteString("receiptKey", enclave.Claims.ReceiptKey.ToString());
        writer.WriteString("configuration", enclave.Claims.Configuration.ToString());
        writer.WriteString("instance", Instance);
        writer.WriteNumber("epoch", enclave.Claims.Epoch);
        writer.WriteString("claimsDigest", enclave.ClaimsDigest.ToString());
        writer.WriteString("policyDigest", enclave.Policy.Digest.ToString());
        writer.WriteNumber("reattestAfterSeconds", ReattestAfterSeconds);
        WriteClaims(writer);
        writer.WritePropertyName("facts");
        enclave.Evidence.ToJson().WriteTo(writer);
        writer.WriteStartArray("steps");
        foreach (var step in enclave.Steps)
        {
            writer.WriteStartObject();
            writer.WriteNumber("number", step.Number);
            writer.WriteString("title", step.Title);
            writer.WriteString("meaning", step.Meaning);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteClaims(Utf8JsonWriter writer)
    {
        var claims = enclave.Claims;
        writer.WriteStartObject("claims");
        writer.WriteString("type", Claims.Type);
        writer.WriteNumber("issuedAt", claims.IssuedAt);
        writer.WriteString("tlsKey", claims.TlsKey.ToString());
        WriteOptional("binder", claims.Binder?.Digest);
        WriteOptional("sealedRequestKeys", claims.SealedRequestKeys);
        writer.WriteString("receiptKey", claims.ReceiptKey.ToString());
        writer.WriteString("instance", Instance);
        writer.WriteString("service", claims.Service);
        writer.WriteString("configuration", claims.Configuration.ToString());
        writer.WriteNumber("epoch", claims.Epoch);
        WriteOptional("gpu", claims.Gpu);
        if (claims.Store is { } store)
        {
            writer.WriteStartObject("store");
            writer.WriteString("id", Convert.ToHexStringLower(store.StoreId.Span));
            writer.WriteNumber("generation", store.Generation);
            writer.WriteString("index", store.Index.ToString());
            writer.WriteEndObject();
        }

        WriteOptional("connectionKey", claims.ConnectionKey);
        writer.WriteEndObject();

        void WriteOptional(string name, object? value)
        {
            if (value is not null)
            {
                writer.WriteString(name, value.ToString());
            }
        }
    }

    private static void WriteAll(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
