using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Attacks on P1 (nothing is sent before verification) and P6 (simulation is never taken for hardware), over real sockets.</summary>
public sealed class AttackTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private SimulationServer Server => fixture.Server;

    [Fact]
    public async Task Connect_ManInTheMiddleWithACertificateOfHisOwn_IsRefused()
    {
        await using var middle = Impostor.Between(Server.Url);

        await RefuseAsync(RejectionCode.TlsKeyMismatch, middle.Url, fixture.Policy);

        AssertHeardOnlyANonce(middle);
    }

    [Fact]
    public async Task Connect_EvidenceOfAnotherGenuineInstance_IsRefused()
    {
        // Both instances are genuine and accepted; the evidence is fresh, for this nonce, and of the other one.
        await using var other = await SimulationServer.StartAsync();
        await using var middle = Impostor.Between(other.Url);

        await RefuseAsync(RejectionCode.TlsKeyMismatch, middle.Url, AttestationPolicy.DangerouslyAllowSimulation("localhost"));

        AssertHeardOnlyANonce(middle);
    }

    [Fact]
    public async Task Connect_InstanceWithAnotherSimulationKey_IsRefused()
    {
        await using var other = await SimulationServer.StartAsync();

        await RefuseAsync(RejectionCode.SimulationKeyNotAccepted, other.Url, fixture.Policy);
    }

    [Fact]
    public async Task Connect_ReplayedEvidence_IsRefused()
    {
        var recorded = await Impostor.RecordEvidenceAsync(Server.Url);
        await using var impostor = new Impostor(_ => Task.FromResult(recorded));

        await RefuseAsync(RejectionCode.NonceMismatch, impostor.Url, fixture.Policy);

        AssertHeardOnlyANonce(impostor);
    }

    [Fact]
    public async Task Connect_EvidenceForAnotherNonce_IsRefused()
    {
        await using var impostor = new Impostor(_ => Impostor.RecordEvidenceAsync(Server.Url));

        await RefuseAsync(RejectionCode.NonceMismatch, impostor.Url, fixture.Policy);
    }

    [Fact]
    public async Task Connect_ClaimsAlteredInAnyByte_IsRefused()
    {
        var position = 0;
        await using var middle = new Impostor(async request =>
        {
            using var forward = new HttpClient(TrustNobodysHandler());
            using var response = await forward.PostAsync(new Uri(Server.Url, request.Path), new ByteArrayContent(request.Body));
            var value = EvidenceObjectJson.Parse(await response.Content.ReadAsByteArrayAsync());
            var claims = value.EncodedClaims.ToArray();
            claims[position % claims.Length] ^= 0x01;
            return EvidenceObjectJson.Encode(value with { EncodedClaims = claims });
        });
        var length = EvidenceObjectJson.Parse(await Impostor.RecordEvidenceAsync(Server.Url)).EncodedClaims.Length;
        for (; position < length; position += 7)
        {
            await RefuseAsync(RejectionCode.ReportDataMismatch, middle.Url, fixture.Policy);
        }
    }

    [Fact]
    public async Task Connect_AnotherServiceName_IsRefused() =>
        await RefuseAsync(RejectionCode.ServiceMismatch, Server.Url, Policies.ForKey(Server.SimulationKey, service: "risk.example.org"));

    [Fact]
    public async Task Connect_AnotherTrustConfiguration_IsRefused() =>
        await RefuseAsync(RejectionCode.ConfigurationNotAccepted, Server.Url, AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
            {
              "version": 1, "service": "localhost", "machines": "any", "configuration": ["{{new string('0', 64)}}"], "otherModels": "allow",
              "accept": [ { "tee": "simulation", "key": "{{Server.SimulationKey}}" } ]
            }
            """)));

    [Fact]
    public async Task Connect_SimulationUnderAHardwarePolicy_IsRefused() =>
        await RefuseAsync(RejectionCode.SimulationRefused, Server.Url, AttestationPolicy.Parse(File.ReadAllBytes(BlindAI.Testing.RepositoryRoot.Combine("vectors", "policy", "valid-full-snp", "policy.json"))));

    [Fact]
    public async Task Connect_PolicyThatHasExpired_AsksNobody()
    {
        await using var impostor = new Impostor(_ => Task.FromResult(Array.Empty<byte>()));

        await RefuseAsync(RejectionCode.PolicyExpired, impostor.Url, Policies.ForKey(Server.SimulationKey, members: "\"otherModels\": \"allow\", \"validUntil\": \"2020-01-01T00:00:00Z\""));

        Assert.Empty(impostor.Heard);
    }

    [Theory]
    [InlineData("required")]
    [InlineData("quote")]
    public async Task Connect_BinderThatThisClientCannotTake_AsksNobody(string binder)
    {
        await using var impostor = new Impostor(_ => Task.FromResult(Array.Empty<byte>()));

        var policy = Policies.ForKey(Server.SimulationKey, members: $"\"otherModels\": \"allow\", \"binder\": \"{binder}\"");
        var refusal = await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync(impostor.Url, policy, ChannelMode.Pinned));

        Assert.Equal(RejectionCode.PolicyUnsupported, refusal.Code);

        Assert.Empty(impostor.Heard);
    }

    [Theory]
    [InlineData(ChannelMode.Gated)]
    [InlineData(ChannelMode.Pinned)]
    public async Task Run_ServerReplacedByAnImpostor_SendsNoData(ChannelMode channel)
    {
        await using var server = await SimulationServer.StartAsync();
        await using var client = await ConnectAsync(server.Url, Policies.For(server), channel);
        var genuine = await Impostor.RecordEvidenceAsync(server.Url);
        await server.StopAsync();
        await using var impostor = new Impostor(_ => Task.FromResult(genuine), server.Url.Port);

        // The pooled connection may already be known to be dead, or not: then the loss of it is noticed first.
        var refused = false;
        for (var attempt = 0; attempt < 3 && !refused; attempt++)
        {
            try
            {
                await client.RunAsync("credit", new Dictionary<string, Tensor> { ["features"] = Tensor.From([4711f]) }, cancellationToken: TestContext.Current.CancellationToken);
            }
            catch (AttestationException exception)
            {
                Assert.Equal(RejectionCode.NonceMismatch, exception.Code);
                refused = true;
            }
            catch (ServingException exception)
            {
                Assert.Equal(ServingCode.ConnectionLost, exception.Code);
            }
        }

        Assert.True(refused);
        AssertHeardOnlyANonce(impostor);
    }

    [Fact]
    public async Task Connect_StaticEvidence_NeverServesAsProof()
    {
        await using var impostor = new Impostor(async _ =>
        {
            using var http = new HttpClient(TrustNobodysHandler());
            return await http.GetByteArrayAsync(new Uri(Server.Url, Routes.Attestation));
        });

        await RefuseAsync(RejectionCode.NonceMismatch, impostor.Url, fixture.Policy);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("<html>It works!</html>")]
    [InlineData("{\"v\":1,\"claims\":\"AA\",\"evidence\":[{\"type\":\"sim\",\"data\":\"AA\"}]}")]
    public async Task Connect_SomethingElseThanEvidence_IsRefusedAsMalformed(string answer)
    {
        await using var impostor = new Impostor(_ => Task.FromResult(Encoding.UTF8.GetBytes(answer)));

        foreach (var channel in new[] { ChannelMode.Gated, ChannelMode.Pinned })
        {
            var refusal = await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync(impostor.Url, fixture.Policy, channel));

            Assert.InRange((int)refusal.Code, 100, 199);
        }
    }

    [Fact]
    public async Task Connect_EndlessEvidence_IsRefusedAtTheLimit()
    {
        await using var impostor = new Impostor(_ => Task.FromResult(new byte[EvidenceObject.MaxEncodedLength + 1]));

        await RefuseAsync(RejectionCode.TooLarge, impostor.Url, fixture.Policy);
    }

    [Fact]
    public async Task Connect_NobodyListens_IsUndecided()
    {
        Uri url;
        await using (var impostor = new Impostor(_ => Task.FromResult(Array.Empty<byte>())))
        {
            url = impostor.Url;
        }

        await RefuseAsync(RejectionCode.EvidenceUnavailable, url, fixture.Policy);
    }

    [Fact]
    public async Task Run_ModelThatThePolicyDoesNotName_SendsNothing()
    {
        await using var client = await ConnectAsync(Server.Url, Policies.ForKey(Server.SimulationKey, members: "\"otherModels\": \"refuse\""));

        var refusal = await Assert.ThrowsAsync<AttestationException>(() => client.RunAsync("unknown", new Dictionary<string, Tensor>(), cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(RejectionCode.ModelNotAccepted, refusal.Code);
    }

    // An attack must fail whether evidence comes in the preface or over HTTP, and whatever key it is about; but sealed mode lets anybody end TLS.
    private static async Task RefuseAsync(RejectionCode expected, Uri url, AttestationPolicy policy)
    {
        foreach (var channel in Enum.GetValues<ChannelMode>().Where(channel => channel != ChannelMode.Sealed || expected != RejectionCode.TlsKeyMismatch))
        {
            var refusal = await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync(url, policy, channel));
            Assert.Equal(expected, refusal.Code);
        }
    }

    private static Task<BlindAIClient> ConnectAsync(Uri url, AttestationPolicy policy, ChannelMode channel = ChannelMode.Gated) =>
        BlindAIClient.ConnectAsync(url, policy, new() { Channel = channel }, TestContext.Current.CancellationToken);

    private static SocketsHttpHandler TrustNobodysHandler() => new()
    {
#pragma warning disable CA5359 // The attacker asks anybody.
        SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    };

    // All that an unverified server may ever be told: the path, and a nonce of 32 bytes.
    private static void AssertHeardOnlyANonce(Impostor impostor)
    {
        Assert.NotEmpty(impostor.Heard);
        Assert.All(impostor.Heard, request =>
        {
            Assert.Equal(Routes.Attestation, request.Path);
            Assert.Matches("^\\{\"nonce\":\"[A-Za-z0-9_-]{43}\"\\}$", Encoding.ASCII.GetString(request.Body));
        });
    }
}
