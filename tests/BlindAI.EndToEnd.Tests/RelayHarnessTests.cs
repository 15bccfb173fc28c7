using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Men in the middle, each with one power: which check catches him, and that no other does.</summary>
/// <remarks>
/// 1. Who ends TLS with a key of his own is caught by the key check, and through sealed requests he reads nothing. 2. Who has stolen the server's TLS key is caught by the binder
/// and by nothing else. 3. He does not get around the binder by changing what the client asks for. 4. Who owns another genuine machine is caught by the policy's machines and by nothing else.
/// </remarks>
public sealed class RelayHarnessTests : IAsyncLifetime
{
    private const string BinderRequired = "\"otherModels\": \"allow\", \"binder\": \"required\"";

    private const string BinderQuoted = "\"otherModels\": \"allow\", \"binder\": \"quote\"";

    private const string BinderPreferred = "\"otherModels\": \"allow\", \"binder\": \"preferred\"";

    // As bytes of a float it is hardly there by chance.
    private const float Mark = 47110815.5f;

    private ServerInside _server = null!;

    public async ValueTask InitializeAsync() => _server = await ServerInside.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(ChannelMode.Gated)]
    [InlineData(ChannelMode.Pinned)]
    public async Task Connect_ManWithAKeyOfHisOwn_IsCaughtByTheKeyCheck(ChannelMode channel)
    {
        using var certificate = SelfSigned.Create();
        await using var man = new ManInTheMiddle(_server.Url, certificate);

        await RefuseAsync(man, channel, BinderPreferred, RejectionCode.TlsKeyMismatch);
    }

    [Fact]
    public async Task Verify_ManWithAKeyOfHisOwn_IsCaughtByTheKeyCheckAlone()
    {
        using var certificate = SelfSigned.Create();
        await using var man = new ManInTheMiddle(_server.Url, certificate);
        using var connection = await RawConnection.OpenAsync(man.Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForEvidence(nonce));
        var reply = (await connection.ReadReplyAsync())!;
        var seen = connection.See(nonce, withBinder: false);

        Assert.Equal(RejectionCode.TlsKeyMismatch, Assert.Throws<AttestationException>(() => reply.VerifyEvidence(seen, _server.Policy())).Code);

        // A client that took the enclave's certificate for what it saw would send to him.
        Assert.NotNull(reply.VerifyEvidence(seen with { TlsCertificate = _server.StolenCertificate.RawData }, _server.Policy()));
    }

    [Theory]
    [InlineData(BinderPreferred, RejectionCode.BinderMismatch)]
    [InlineData(BinderRequired, RejectionCode.BinderMismatch)]
    [InlineData(BinderQuoted, RejectionCode.BinderMismatch)]
    public async Task Connect_ThiefOfTheTlsKey_IsCaughtByTheBinder(string members, RejectionCode expected)
    {
        await using var man = new ManInTheMiddle(_server.Url, _server.StolenCertificate);

        await RefuseAsync(man, ChannelMode.Gated, members, expected);
    }

    [Theory]
    [InlineData(BinderPreferred)]
    [InlineData(BinderRequired)]
    [InlineData(BinderQuoted)]
    public async Task Run_ThiefWhoComesBeforeALaterConnection_IsCaughtByTheBinder(string members)
    {
        // The client's first connection ends in the enclave; the thief takes over from the next one on.
        await using var man = new ManInTheMiddle(_server.Url, certificate: null);
        await using var client = await ConnectAsync(man, ChannelMode.Gated, members);
        await client.ListModelsAsync(TestContext.Current.CancellationToken);
        man.Certificate = _server.StolenCertificate;
        man.Cut();

        await RefuseLaterAsync(client);

        man.AssertHeardOnlyPrefaces();
    }

    [Fact]
    public async Task Verify_ThiefOfTheTlsKey_IsCaughtByTheBinderAlone()
    {
        await using var man = new ManInTheMiddle(_server.Url, _server.StolenCertificate);

        // Evidence: refused with the binder of this end, accepted by a client that looks at none.
        using var first = await RawConnection.OpenAsync(man.Url);
        var nonce = Nonce.Create();
        await first.SendAsync(Preface.ForEvidence(nonce, wantsBinder: true));
        var evidence = (await first.ReadReplyAsync())!;
        Assert.Equal(RejectionCode.BinderMismatch, Assert.Throws<AttestationException>(() => evidence.VerifyEvidence(first.See(nonce, withBinder: true), _server.Policy())).Code);
        var enclave = evidence.VerifyEvidence(first.See(nonce, withBinder: false), _server.Policy());

        // A further connection, with the binder.
        using var second = await RawConnection.OpenAsync(man.Url);
        nonce = Nonce.Create();
        await second.SendAsync(Preface.ForProof(nonce, enclave.ClaimsDigest, wantsBinder: true));
        var bound = (await second.ReadReplyAsync())!;
        Assert.Equal(RejectionCode.ConnectionNotProved, Assert.Throws<AttestationException>(() => bound.VerifyProof(enclave, second.See(nonce, withBinder: true))).Code);

        // And without.
        using var third = await RawConnection.OpenAsync(man.Url);
        nonce = Nonce.Create();
        await third.SendAsync(Preface.ForProof(nonce, enclave.ClaimsDigest));
        (await third.ReadReplyAsync())!.VerifyProof(enclave, third.See(nonce, withBinder: false));
        await third.SendAsync("GET /v2/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await third.ReadAnswerAsync())!.Status);
        Assert.True(man.HasRead("GET /v2/models"));
    }

    [Fact]
    public async Task Run_ThiefOfTheTlsKeyInPinnedMode_ReadsEverything()
    {
        // Pinned mode proves the key, and the thief has it: the price of that mode, which docs/threat-model.md names.
        await using var man = new ManInTheMiddle(_server.Url, _server.StolenCertificate);
        await using var client = await ConnectAsync(man, ChannelMode.Pinned, BinderPreferred);

        await SendMarkAsync(client);

        Assert.True(man.HasRead(BitConverter.GetBytes(Mark)));
    }

    [Theory]
    [InlineData(ChannelMode.Gated)]
    [InlineData(ChannelMode.Pinned)]
    public async Task Run_HonestCable_CarriesEveryMode(ChannelMode channel)
    {
        // The attacks above are refused for what the man does, not because somebody stands there.
        await using var man = new ManInTheMiddle(_server.Url, certificate: null);
        await using var client = await ConnectAsync(man, channel, BinderPreferred);

        await SendMarkAsync(client);
        man.Cut();
        await ListAfterCutAsync(client);
    }

    [Fact]
    public async Task Run_SealedThroughAManWithAKeyOfHisOwn_GivesHimNothing()
    {
        using var certificate = SelfSigned.Create();
        await using var man = new ManInTheMiddle(_server.Url, certificate);
        await using var client = await ConnectAsync(man, ChannelMode.Sealed, BinderPreferred);

        await SendMarkAsync(client);

        Assert.NotEmpty(man.Conversations);
        foreach (var secret in (byte[][])[BitConverter.GetBytes(Mark), BitConverter.GetBytes(2 * Mark), "marked-model"u8.ToArray(), "inputs"u8.ToArray(), "outputs"u8.ToArray(), "FP32"u8.ToArray(), TestModels.Sum[..32]])
        {
            Assert.False(man.HasRead(secret));
        }
    }

    /// <summary>What a thief of the TLS key makes of a preface so that the server answers what he needs.</summary>
    public static TheoryData<string> Changes => ["strip the binder flag", "move the binder into the nonce", "ask for the other kind of proof", "forward his own nonce"];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Connect_ThiefWhoChangesWhatIsAskedFor_IsRefused(string change)
    {
        await using var man = new ManInTheMiddle(_server.Url, _server.StolenCertificate) { ChangePreface = (preface, binder) => Change(change, preface, binder) };

        var refusal = await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync(man, ChannelMode.Gated, BinderRequired));

        AssertRefusedInTheRightPlace(change, refusal.Code);
        man.AssertHeardOnlyPrefaces();
        AssertNeverAcceptsLongNonces(change, man);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Run_ThiefWhoChangesWhatIsAskedForLater_IsRefused(string change)
    {
        await using var man = new ManInTheMiddle(_server.Url, certificate: null);
        await using var client = await ConnectAsync(man, ChannelMode.Gated, BinderRequired);
        await client.ListModelsAsync(TestContext.Current.CancellationToken);
        man.ChangePreface = (preface, binder) => Change(change, preface, binder);
        man.Certificate = _server.StolenCertificate;
        man.Cut();

        await RefuseLaterAsync(client);

        man.AssertHeardOnlyPrefaces();
        AssertNeverAcceptsLongNonces(change, man);
    }

    [Fact]
    public void Verify_AnotherGenuineMachineWithTheSameImageAndName_IsCaughtByTheMachinesAlone()
    {
        // Two chips, one measurement, one service name, and evidence for the very connection: the client was led to the second.
        using var enclave = new ForgedEnclave();
        var (ours, foreign) = (ForgedSnp.Bytes(64, 0xC1), ForgedSnp.Bytes(64, 0xC2));
        var listed = $$"""{ "chipIds": ["{{Convert.ToHexStringLower(ours)}}"] }""";

        Assert.Equal(ours, Verify(enclave, ours, listed).Evidence.Machine.ChipId!.Value.ToArray());
        Assert.Equal(RejectionCode.MachineNotAccepted, Assert.Throws<AttestationException>(() => Verify(enclave, foreign, listed)).Code);
        Assert.Equal(foreign, Verify(enclave, foreign, "\"any\"").Evidence.Machine.ChipId!.Value.ToArray());
    }

    private static VerifiedEnclave Verify(ForgedEnclave enclave, byte[] chip, string machines)
    {
        // Where AMD's report carries its report data and the chip's id, and the chip's key certificate the id again.
        const int ReportDataAt = 0x050;
        const int ChipIdAt = 0x1A0;
        const string ChipIdExtension = "4";
        var claims = enclave.Claims.Encode();
        var machine = new ForgedSnp().Set(ReportDataAt, ReportData.ForClaims(claims).Bytes).Set(ChipIdAt, chip);
        machine.LeafExtensions[ChipIdExtension] = chip;
        var policy = AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
            {
              "version": 1, "service": "risk.example.org", "machines": {{machines}}, "dangerouslyAnyConfiguration": true, "otherModels": "allow",
              "accept": [ { "tee": "snp", "products": ["Genoa"], "measurements": ["{{Convert.ToHexStringLower(ForgedSnp.Bytes(48, 0x3E))}}"], "vmpl": 0,
                            "minimumTcb": { "Genoa": { "bootloader": 10, "tee": 0, "snp": 23, "microcode": 84 } } } ]
            }
            """));
        return EnclaveVerifier.Verify(new() { EncodedClaims = claims, Evidence = [machine.Prove()], ReceiptKey = enclave.ReceiptKey }, enclave.Seen, policy, ForgedEnclave.Now, _ => ForgedSnp.Verifier);
    }

    private static byte[] Change(string change, byte[] preface, ChannelBinder binder)
    {
        var (flags, nonce, claims) = (preface[Preface.FlagsAt], preface[Preface.NonceAt..Preface.EvidenceLength], preface[Preface.EvidenceLength..]);
        return change switch
        {
            "strip the binder flag" => Preface.Write((byte)(flags & ~Preface.BinderFlag), nonce, claims),
            "move the binder into the nonce" => Preface.Write((byte)(flags & ~Preface.BinderFlag), [.. nonce, .. binder.Digest.Bytes], claims),
            "ask for the other kind of proof" => Preface.Write((byte)(flags ^ Preface.ProofFlag), nonce, claims.Length == 0 ? new byte[32] : []),
            "forward his own nonce" => Preface.Write(flags, Nonce.Create().Bytes.ToArray(), claims),
            _ => throw new ArgumentException(change, nameof(change)),
        };
    }

    private static void AssertRefusedInTheRightPlace(string change, RejectionCode code)
    {
        switch (change)
        {
            case "strip the binder flag":
                Assert.Equal(RejectionCode.BinderMismatch, code);
                break;
            case "forward his own nonce":
                Assert.Equal(RejectionCode.NonceMismatch, code);
                break;
            case "ask for the other kind of proof":
                // A signature is no evidence object.
                Assert.InRange((int)code, 100, 199);
                break;
        }
    }

    // The nonce has one length. If the server signed a longer one, what it signed without a binder could be read as one with it.
    private static void AssertNeverAcceptsLongNonces(string change, ManInTheMiddle man)
    {
        if (change == "move the binder into the nonce")
        {
            Assert.All(man.Conversations, conversation => Assert.True(conversation.FromServer.AsSpan().StartsWith((byte[])[.. Preface.Magic[..^1], 0x03])));
        }
    }

    private Task<BlindAIClient> ConnectAsync(ManInTheMiddle man, ChannelMode channel, string members) =>
        BlindAIClient.ConnectAsync(man.Url, _server.Policy(members), new() { Channel = channel }, TestContext.Current.CancellationToken);

    private async Task RefuseAsync(ManInTheMiddle man, ChannelMode channel, string members, RejectionCode expected)
    {
        var refusal = await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync(man, channel, members));

        Assert.Equal(expected, refusal.Code);
        Assert.False(man.HasRead("/v2/"));
        if (channel == ChannelMode.Gated)
        {
            man.AssertHeardOnlyPrefaces();
        }
    }

    // The client may ask for a signature, or for evidence again once it gets none that fits.
    private static async Task RefuseLaterAsync(BlindAIClient client)
    {
        var refusal = await Assert.ThrowsAsync<AttestationException>(() => ListAfterCutAsync(client));
        Assert.True((int)refusal.Code is >= 100 and < 500, $"Code {refusal.Code}");
    }

    // A pooled connection may already be known to be dead, or not: then the loss of it is noticed first.
    private static async Task ListAfterCutAsync(BlindAIClient client)
    {
        for (var lost = 0; ; lost++)
        {
            try
            {
                await client.ListModelsAsync(TestContext.Current.CancellationToken);
                return;
            }
            catch (ServingException exception) when (exception.Code == ServingCode.ConnectionLost && lost < 5)
            {
                // Once more, over another connection.
            }
        }
    }

    // Doubles the mark.
    private static async Task SendMarkAsync(BlindAIClient client)
    {
        await client.UploadModelAsync("marked-model", new MemoryStream(TestModels.Sum), cancellationToken: TestContext.Current.CancellationToken);
        var input = Tensor.From([Mark, Mark], 1, 2);
        var result = await client.RunAsync("marked-model", new Dictionary<string, Tensor> { ["a"] = input, ["b"] = input }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([2 * Mark, 2 * Mark], result["sum"].ToArray<float>());
    }
}
