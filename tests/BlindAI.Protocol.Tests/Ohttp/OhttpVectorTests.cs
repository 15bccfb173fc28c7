using System.Buffers;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;
using BlindAI.Testing;

namespace BlindAI.Protocol.Tests.Ohttp;

/// <summary>The cases of vectors/ohttp.</summary>
public sealed class OhttpVectorTests
{
    public static TheoryData<string> Cases => [.. Directory.EnumerateDirectories(RepositoryRoot.Combine("vectors", "ohttp")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Read_Vector_GivesTheStatedOutcome(string name)
    {
        using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(RepositoryRoot.Combine("vectors", "ohttp", name, "case.json"), TestContext.Current.CancellationToken));
        var vector = document.RootElement;
        var expect = vector.GetProperty("expect");
        Func<Task> run = vector.GetProperty("kind").GetString() switch
        {
            "hpke" => () => RunHpke(vector),
            "key-configuration" => () => RunKeys(vector),
            "request" => () => RunRequest(vector),
            "response" => () => RunResponse(vector),
            "response-secret" => () => RunDerivedResponse(vector),
            var kind => throw new InvalidOperationException(kind),
        };
        if (!expect.TryGetProperty("fault", out var fault))
        {
            await run();
            return;
        }

        var expected = fault.GetString() switch
        {
            "malformed" => OhttpFault.Malformed,
            "truncated" => OhttpFault.Truncated,
            "key-unknown" => OhttpFault.KeyUnknown,
            var other => throw new InvalidOperationException(other),
        };
        Assert.Equal(expected, (await Assert.ThrowsAsync<OhttpException>(run)).Fault);
    }

    private static Task RunHpke(JsonElement vector)
    {
        var expect = vector.GetProperty("expect");
        var aead = (HpkeAead)vector.GetProperty("aead").GetUInt16();
        using var ephemeral = HpkePrivateKey.FromScalar(Hex(vector, "ephemeral_private_key"));
        using var recipientKey = HpkePrivateKey.FromScalar(Hex(vector, "recipient_private_key"));
        Assert.Equal(Hex(vector, "recipient_public_key"), recipientKey.PublicKey.Bytes);
        using var sender = HpkeContext.CreateSender(recipientKey.PublicKey, aead, Hex(vector, "info"), ephemeral);
        Assert.Equal(Hex(expect, "encapsulation"), sender.Encapsulation);
        using var recipient = HpkeContext.CreateRecipient(recipientKey, sender.Encapsulation.Span, aead, Hex(vector, "info"));

        var encryptions = vector.GetProperty("encryptions").EnumerateArray().ToDictionary(item => item.GetProperty("sequence").GetInt32());
        for (var sequence = 0; sequence <= encryptions.Keys.Max(); sequence++)
        {
            var isListed = encryptions.TryGetValue(sequence, out var item);
            var plaintext = isListed ? Hex(item, "plaintext") : [];
            var aad = isListed ? Hex(item, "aad") : [];
            var sealedBytes = new byte[plaintext.Length + HpkeSuite.TagLength];
            sender.Seal(aad, plaintext, sealedBytes);
            if (isListed)
            {
                Assert.Equal(Hex(item, "ciphertext"), sealedBytes);
            }

            var opened = new byte[plaintext.Length];
            recipient.Open(aad, sealedBytes, opened);
            Assert.Equal(plaintext, opened);
        }

        foreach (var item in vector.GetProperty("exports").EnumerateArray())
        {
            var value = new byte[item.GetProperty("length").GetInt32()];
            sender.Export(Hex(item, "context"), value);
            Assert.Equal(Hex(item, "value"), value);
            recipient.Export(Hex(item, "context"), value);
            Assert.Equal(Hex(item, "value"), value);
        }

        return Task.CompletedTask;
    }

    private static Task RunKeys(JsonElement vector)
    {
        var keys = Hex(vector, "keys");
        var configurations = OhttpKeyConfiguration.Parse(keys);
        var expect = vector.GetProperty("expect");
        Assert.Equal(expect.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(keys)));
        Assert.Equal(
            expect.GetProperty("configurations").EnumerateArray().Select(item =>
                (item.GetProperty("key_id").GetByte(), item.GetProperty("public_key").GetString(), string.Join(',', item.GetProperty("aeads").EnumerateArray()))),
            configurations.Select(item => (item.KeyId, (string?)Convert.ToHexStringLower(item.PublicKey.Bytes.Span), string.Join(',', item.Aeads.Select(aead => (ushort)aead)))));
        if (expect.GetProperty("round_trips").GetBoolean())
        {
            Assert.Equal(keys, OhttpKeyConfiguration.Encode(configurations));
        }

        return Task.CompletedTask;
    }

    private static async Task RunRequest(JsonElement vector)
    {
        using var key = HpkePrivateKey.FromScalar(Hex(vector, "recipient_private_key"));
        if (vector.TryGetProperty("ephemeral_private_key", out _))
        {
            using var sealer = Sealer(vector);
            Assert.Equal(Hex(vector, "sealed"), SealAll(sealer.Chunks, vector));
        }

        var body = Body(vector);
        using var opener = await OhttpRequestOpener.ReadAsync(body, Form(vector), id => id == 1 ? key : null, TestContext.Current.CancellationToken);
        var opened = await ReadAll(new OhttpReader(body, opener.Chunks));
        Assert.Equal(Hex(vector.GetProperty("expect"), "plaintext"), opened);
    }

    private static async Task RunResponse(JsonElement vector)
    {
        using var sealer = Sealer(vector);
        if (vector.TryGetProperty("response_nonce", out _))
        {
            using var key = HpkePrivateKey.FromScalar(Hex(vector, "recipient_private_key"));
            using var opener = OhttpRequestOpener.Create(sealer.Chunks.Head.Span, Form(vector), _ => key);
            Assert.Equal(Hex(vector, "sealed"), SealAll(opener.CreateResponseSealer(Hex(vector, "response_nonce")), vector));
        }

        var opened = await ReadAll(await sealer.ReadResponseAsync(Body(vector), TestContext.Current.CancellationToken));
        Assert.Equal(Hex(vector.GetProperty("expect"), "plaintext"), opened);
    }

    private static async Task RunDerivedResponse(JsonElement vector)
    {
        var aead = (HpkeAead)vector.GetProperty("aead").GetUInt16();
        var nonce = Hex(vector, "response_nonce");
        using var sealing = OhttpSuite.DeriveResponse(Hex(vector, "secret"), Hex(vector, "encapsulation"), nonce, aead);
        Assert.Equal(Hex(vector, "sealed"), SealAll(new(Form(vector), nonce, sealing), vector));
        using var opening = OhttpSuite.DeriveResponse(Hex(vector, "secret"), Hex(vector, "encapsulation"), nonce, aead);
        var chunks = PipeReader.Create(new ReadOnlySequence<byte>(Hex(vector, "sealed").AsMemory(nonce.Length)));
        Assert.Equal(Hex(vector.GetProperty("expect"), "plaintext"), await ReadAll(new OhttpReader(chunks, new(Form(vector), opening))));
    }

    private static OhttpRequestSealer Sealer(JsonElement vector)
    {
        using var ephemeral = HpkePrivateKey.FromScalar(Hex(vector, "ephemeral_private_key"));
        var configuration = Assert.Single(OhttpKeyConfiguration.Parse(Hex(vector, "keys")));
        return OhttpRequestSealer.Create(configuration, Form(vector), ephemeral, (HpkeAead)vector.GetProperty("aead").GetUInt16());
    }

    private static byte[] SealAll(OhttpChunkSealer sealer, JsonElement vector)
    {
        List<byte> body = [.. sealer.Head.Span];
        var chunks = vector.GetProperty("chunks").EnumerateArray().Select(item => Convert.FromHexString(item.GetString()!)).ToImmutableArray();
        foreach (var (index, chunk) in chunks.Index())
        {
            var destination = new byte[chunk.Length + OhttpChunkSealer.MaxOverhead];
            body.AddRange(destination[..sealer.SealChunk(chunk, index == chunks.Length - 1, destination)]);
        }

        return [.. body];
    }

    private static async Task<byte[]> ReadAll(PipeReader reader)
    {
        var all = new MemoryStream();
        await reader.CopyToAsync(all, TestContext.Current.CancellationToken);
        return all.ToArray();
    }

    private static PipeReader Body(JsonElement vector) => PipeReader.Create(new ReadOnlySequence<byte>(Hex(vector, "sealed")));

    private static OhttpForm Form(JsonElement vector) => vector.GetProperty("form").GetString() == "chunked" ? OhttpForm.Chunked : OhttpForm.Single;

    private static byte[] Hex(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);
}
