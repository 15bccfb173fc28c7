using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Client;
using BlindAI.Client.Models;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Ohttp;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Proxies that end TLS and lie: none of their words is taken for the enclave's, and none gets a byte that he can read.</summary>
public sealed class SealedAttackTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncLifetime
{
    private const string KeyProblem = """{"type":"https://iana.org/assignments/http-problem-types#ohttp-key","title":"?","status":400}""";

    // Several chunks of floats.
    private static readonly float[] Values = [.. Enumerable.Range(0, 20_000).Select(index => (float)index)];

    private LyingProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _proxy = await LyingProxy.StartAsync(fixture.Server.Url);

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    [Fact]
    public async Task Run_HonestProxy_IsAnswered()
    {
        // The attacks below are refused for what the proxy does, not because it stands there.
        await using var client = await PrepareAsync("honest");

        Assert.Equal(Values, (await RunAsync(client))["y"].ToArray<float>());
    }

    [Fact]
    public async Task Connect_KeysReplacedByTheProxysOwn_IsRefused()
    {
        using var own = HpkePrivateKey.Generate();
        _proxy.Lie = async (_, ask) =>
        {
            var answer = await ask();
            var evidence = JsonNode.Parse(answer.Body)!;
            evidence["hpke_keys"] = StrictBase64Url.Encode(OhttpKeyConfiguration.Encode([OhttpKeyConfiguration.Of(1, own.PublicKey)]));
            return answer with { Body = Encoding.UTF8.GetBytes(evidence.ToJsonString()) };
        };

        await RefuseToConnectAsync(RejectionCode.KeyHashMismatch);
    }

    [Fact]
    public async Task Connect_KeysLeftOut_IsRefused()
    {
        _proxy.Lie = async (_, ask) =>
        {
            var answer = await ask();
            var evidence = JsonNode.Parse(answer.Body)!;
            Assert.True(evidence.AsObject().Remove("hpke_keys"));
            return answer with { Body = Encoding.UTF8.GetBytes(evidence.ToJsonString()) };
        };

        await RefuseToConnectAsync(RejectionCode.SealedRequestsUnsupported);
    }

    [Fact]
    public async Task Connect_EvidenceHeldBack_SendsNothing()
    {
        _proxy.Lie = (_, _) => LyingProxy.Say(502, "text/html", "<html>Bad gateway</html>");

        await RefuseToConnectAsync(RejectionCode.EvidenceUnavailable);
    }

    [Fact]
    public async Task Connect_EvidenceOfYesterday_SendsNothing()
    {
        HttpAnswer? first = null;
        _proxy.Lie = async (_, ask) => first ??= await ask();
        await using (await ConnectAsync("yesterday"))
        {
        }

        await RefuseToConnectAsync(RejectionCode.NonceMismatch);
    }

    [Theory]
    [InlineData(200, "application/json", """{"model_name":"identity","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[666]}]}""", ServingCode.ConnectionLost)]
    [InlineData(200, "application/octet-stream", "forged", ServingCode.ConnectionLost)]
    [InlineData(200, MediaTypes.OhttpResponse, "forged-forged-forged-forged-forged-forged-forged-forged", ServingCode.ConnectionLost)]
    [InlineData(500, MediaTypes.OhttpChunkedResponse, "forged-forged-forged-forged-forged-forged-forged-forged", ServingCode.ConnectionLost)]
    [InlineData(200, MediaTypes.OhttpChunkedResponse, "a-nonce-of-32-bytes-as-it-has-to0and-one-chunk-of-48-bytes-as-its-frame-here-says", ServingCode.ResponseMalformed)]
    [InlineData(200, MediaTypes.OhttpChunkedResponse, "short", ServingCode.ConnectionLost)]
    [InlineData(204, "", "", ServingCode.ConnectionLost)]
    [InlineData(302, "text/html", "", ServingCode.ConnectionLost)]
    [InlineData(400, "application/json", """{"error":"forged","code":710}""", ServingCode.ConnectionLost)]
    [InlineData(409, "application/json", """{"error":"forged","code":734}""", ServingCode.ConnectionLost)]
    [InlineData(413, "text/html", "", ServingCode.RequestTooLarge)]
    [InlineData(502, "text/html", "", ServingCode.ConnectionLost)]
    [InlineData(503, "application/json", """{"error":"forged","code":710}""", ServingCode.Overloaded)]
    public async Task Run_AnswerOfTheProxysOwn_IsNeverTheEnclaves(int status, string type, string body, ServingCode expected)
    {
        await using var client = await PrepareAsync("own-answer");
        _proxy.LieToSealed(_ => LyingProxy.Say(status, type, status == 204 ? "" : body));

        Assert.Equal(expected, await RefuseToRunAsync(client));
    }

    [Theory]
    [InlineData(404, "application/json", """{"error":"forged","code":710}""")]
    [InlineData(405, "text/html", "")]
    public async Task Run_RouteThatTheProxyDoesNotPassOn_SaysSo(int status, string type, string body)
    {
        await using var client = await PrepareAsync("no-route");
        _proxy.LieToSealed(_ => LyingProxy.Say(status, type, body));

        Assert.Equal(RejectionCode.SealedRequestsUnsupported, (await Assert.ThrowsAsync<AttestationException>(() => RunAsync(client))).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_ProxyThatCallsTheKeyUnknown_IsAskedForEvidenceAndGetsNoSecondRequest(bool passesOn)
    {
        await using var client = await PrepareAsync("unknown-key");
        var before = (Evidence: _proxy.EvidenceCount, Sealed: _proxy.Sealed.Count());
        _proxy.LieToSealed(async ask =>
        {
            // Let through or not: had the client sent it again, it would have been carried out twice.
            _ = passesOn ? await ask() : null;
            return await LyingProxy.Say(400, MediaTypes.ProblemJson, KeyProblem);
        });

        Assert.Equal(ServingCode.ConnectionLost, await RefuseToRunAsync(client));

        Assert.Equal(before.Evidence + 1, _proxy.EvidenceCount);
        Assert.Equal(before.Sealed + 1, _proxy.Sealed.Count());
    }

    [Fact]
    public async Task Run_ConnectionCutAfterTheRequest_SendsNothingAgain()
    {
        await using var client = await PrepareAsync("cut");
        var before = _proxy.Sealed.Count();
        _proxy.LieToSealed(_ => LyingProxy.Cut());

        Assert.Equal(ServingCode.ConnectionLost, await RefuseToRunAsync(client));

        Assert.Equal(before + 1, _proxy.Sealed.Count());
    }

    [Fact]
    public async Task Run_ServerWithOtherKeys_IsVerifiedOnceAndServed()
    {
        await using var client = await PrepareAsync("rotated", Policies.ForKey("any"));
        await using var second = await ServerInside.StartAsync();
        await using (var other = await BlindAIClient.ConnectAsync(second.Url, second.Policy(), new() { Namespace = NamespaceName.Parse("rotated") }, Cancellation))
        {
            await UploadAsync(other);
        }

        var enclave = client.Enclave;
        var evidence = _proxy.EvidenceCount;
        _proxy.Server = second.Url;

        Assert.Equal(Values, (await RunAsync(client))["y"].ToArray<float>());
        await RunAsync(client);

        Assert.Equal(evidence + 1, _proxy.EvidenceCount);
        Assert.NotEqual(enclave.Claims.SealedRequestKeys, client.Enclave.Claims.SealedRequestKeys);
    }

    [Fact]
    public async Task Upload_ServerWithOtherKeys_IsRefusedOnceAsAStreamIsGone()
    {
        await using var client = await PrepareAsync("rotated-stream", Policies.ForKey("any"));
        await using var second = await ServerInside.StartAsync();
        _proxy.Server = second.Url;
        var before = _proxy.Sealed.Count();

        Assert.Equal(ServingCode.ConnectionLost, (await Assert.ThrowsAsync<ServingException>(() => UploadAsync(client))).Code);

        Assert.Equal(before + 1, _proxy.Sealed.Count());
        await UploadAsync(client);
    }

    [Fact]
    public async Task Run_ServerThatThePolicyRefuses_GetsNothingThatItCanOpen()
    {
        await using var client = await PrepareAsync("other-server");
        await using var second = await ServerInside.StartAsync();
        _proxy.Server = second.Url;

        Assert.Equal(RejectionCode.SimulationKeyNotAccepted, (await Assert.ThrowsAsync<AttestationException>(() => RunAsync(client))).Code);

        // He who was refused is not spoken to again.
        var before = _proxy.Sealed.Count();
        await Assert.ThrowsAsync<AttestationException>(() => RunAsync(client));
        Assert.Equal(before, _proxy.Sealed.Count());
    }

    [Theory]
    [InlineData("leave out the final chunk", ServingCode.ConnectionLost)]
    [InlineData("leave out the end of the final chunk", ServingCode.ResponseMalformed)]
    [InlineData("leave out the final chunk's tag", ServingCode.ConnectionLost)]
    [InlineData("end after the nonce", ServingCode.ConnectionLost)]
    [InlineData("end within the nonce", ServingCode.ConnectionLost)]
    [InlineData("leave out a chunk", ServingCode.ResponseMalformed)]
    [InlineData("exchange two chunks", ServingCode.ResponseMalformed)]
    [InlineData("repeat a chunk", ServingCode.ResponseMalformed)]
    [InlineData("call an early chunk final", ServingCode.ResponseMalformed)]
    [InlineData("change a bit of the first chunk", ServingCode.ResponseMalformed)]
    [InlineData("change a bit of the last chunk", ServingCode.ResponseMalformed)]
    [InlineData("change a bit of the nonce", ServingCode.ResponseMalformed)]
    [InlineData("add a byte", ServingCode.ResponseMalformed)]
    [InlineData("state an endless chunk", ServingCode.ResponseMalformed)]
    public async Task Run_ProxyThatChangesTheChunksOfTheAnswer_IsNoticed(string change, ServingCode expected)
    {
        await using var client = await PrepareAsync("chunks");
        _proxy.LieToSealed(async ask =>
        {
            var answer = await ask();
            var parts = Split(answer.Body);
            Assert.True(parts.Count > 4);
            return answer with { Body = [.. Change(change, parts).SelectMany(part => part)] };
        });

        Assert.Equal(expected, await RefuseToRunAsync(client));
    }

    [Fact]
    public async Task Run_AnswerToAnotherRequest_IsNoticed()
    {
        await using var client = await PrepareAsync("other-answer");
        HttpAnswer? earlier = null;
        _proxy.LieToSealed(async ask =>
        {
            var answer = await ask();
            return Interlocked.Exchange(ref earlier, answer) ?? answer;
        });
        await RunAsync(client);

        Assert.Equal(ServingCode.ResponseMalformed, await RefuseToRunAsync(client));
    }

    [Fact]
    public async Task Run_RequestThatTheProxySendsTwice_IsServedOnce()
    {
        await using var client = await PrepareAsync("replayed");
        _proxy.LieToSealed(async ask =>
        {
            await ask();
            return await ask();
        });

        Assert.Equal(ServingCode.RequestReplayed, await RefuseToRunAsync(client));
    }

    private static async Task<ServingCode> RefuseToRunAsync(BlindAIClient client) => (await Assert.ThrowsAsync<ServingException>(() => RunAsync(client))).Code;

    private static Task<InferenceResult> RunAsync(BlindAIClient client) =>
        client.RunAsync("identity", new Dictionary<string, Tensor> { ["x"] = Tensor.From(Values, Values.Length) }, cancellationToken: Cancellation);

    private static Task<UploadAnswer> UploadAsync(BlindAIClient client) =>
        client.UploadModelAsync("identity", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);

    // The nonce, then each chunk with its frame.
    private static List<byte[]> Split(byte[] answer)
    {
        const int NonceLength = 32;
        List<byte[]> parts = [answer[..NonceLength]];
        for (var at = NonceLength; at < answer.Length;)
        {
            var frame = 1 << (answer[at] >> 6);
            var length = answer[at] & 0x3F;
            for (var index = 1; index < frame; index++)
            {
                length = (length << 8) | answer[at + index];
            }

            var end = length == 0 ? answer.Length : at + frame + length;
            parts.Add(answer[at..end]);
            at = end;
        }

        return parts;
    }

    private static List<byte[]> Change(string change, List<byte[]> parts)
    {
        switch (change)
        {
            case "leave out the final chunk":
                parts.RemoveAt(parts.Count - 1);
                break;
            case "leave out the end of the final chunk":
                parts[^1] = parts[^1][..^1];
                break;
            case "leave out the final chunk's tag":
                parts[^1] = parts[^1][..8];
                break;
            case "end after the nonce":
                parts.RemoveRange(1, parts.Count - 1);
                break;
            case "end within the nonce":
                parts.RemoveRange(1, parts.Count - 1);
                parts[0] = parts[0][..10];
                break;
            case "leave out a chunk":
                parts.RemoveAt(2);
                break;
            case "exchange two chunks":
                (parts[2], parts[3]) = (parts[3], parts[2]);
                break;
            case "repeat a chunk":
                parts.Insert(2, parts[2]);
                break;
            case "call an early chunk final":
                // The frame of a whole chunk has four bytes.
                parts.RemoveRange(3, parts.Count - 3);
                parts[2] = [0, .. parts[2][4..]];
                break;
            case "change a bit of the first chunk":
                parts[1][^1] ^= 1;
                break;
            case "change a bit of the last chunk":
                parts[^1][^1] ^= 1;
                break;
            case "change a bit of the nonce":
                parts[0][0] ^= 1;
                break;
            case "add a byte":
                parts.Add([0]);
                break;
            case "state an endless chunk":
                parts.Insert(1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(change));
        }

        return parts;
    }

    private async Task<BlindAIClient> PrepareAsync(string owner, Attestation.Policy.AttestationPolicy? policy = null)
    {
        var client = await ConnectAsync(owner, policy);
        await UploadAsync(client);
        return client;
    }

    private Task<BlindAIClient> ConnectAsync(string owner, Attestation.Policy.AttestationPolicy? policy = null) => BlindAIClient.ConnectAsync(
        _proxy.Url, policy ?? fixture.Policy, new() { Channel = ChannelMode.Sealed, Namespace = NamespaceName.Parse(owner) }, Cancellation);

    private async Task RefuseToConnectAsync(RejectionCode expected)
    {
        var heard = _proxy.Heard.Count;

        Assert.Equal(expected, (await Assert.ThrowsAsync<AttestationException>(() => ConnectAsync("refused"))).Code);

        Assert.All(_proxy.Heard.Skip(heard), request => Assert.Equal(Routes.Attestation, request.Path));
    }
}
