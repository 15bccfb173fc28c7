using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Text;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The server's gate, spoken to byte by byte: what a preface gets, and what comes of anything else.</summary>
public sealed class GateTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string ListModels = "GET /v2/models HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private Uri Url => Server.Server.Url;

    private AttestationPolicy Policy => Policies.For(Server.Server);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Preface_AskingForEvidence_ProvesTheConnectionAndHttpFollows(bool withBinder)
    {
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForEvidence(nonce, withBinder));

        var enclave = (await connection.ReadReplyAsync())!.VerifyEvidence(connection.See(nonce, withBinder), Policy);

        Assert.NotNull(enclave.ConnectionKey);
        await AssertServesAsync(connection);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Preface_AskingForASignature_ProvesTheConnectionAndHttpFollows(bool withBinder)
    {
        var enclave = await VerifyAsync();
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForProof(nonce, enclave.ClaimsDigest, withBinder));

        (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder));

        await AssertServesAsync(connection);
    }

    [Fact]
    public async Task Preface_OneByteAtATime_IsAnswered()
    {
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        foreach (var value in Preface.ForEvidence(nonce))
        {
            await connection.SendAsync(new[] { value });
        }

        (await connection.ReadReplyAsync())!.VerifyEvidence(connection.See(nonce, withBinder: false), Policy);
        await AssertServesAsync(connection);
    }

    [Fact]
    public async Task Preface_SplitAnywhere_IsAnswered()
    {
        var enclave = await VerifyAsync();
        for (var split = 1; split < Preface.ProofLength; split++)
        {
            using var connection = await RawConnection.OpenAsync(Url);
            var nonce = Nonce.Create();
            var preface = Preface.ForProof(nonce, enclave.ClaimsDigest, wantsBinder: true);
            await connection.SendAsync(preface.AsMemory(0, split));
            await connection.SendAsync(preface.AsMemory(split));

            (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder: true));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public async Task Preface_WithHttpBehindItInOnePiece_LosesNoByte(int apart)
    {
        var enclave = await VerifyAsync();
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        byte[] all = [.. Preface.ForProof(nonce, enclave.ClaimsDigest), .. Encoding.ASCII.GetBytes(ListModels)];
        var first = Preface.ProofLength + apart;
        await connection.SendAsync(all.AsMemory(0, first));
        await connection.SendAsync(all.AsMemory(first));

        (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder: false));
        Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
    }

    [Theory]
    [InlineData(0x04, 32)]
    [InlineData(0x05, 32)]
    [InlineData(0x80, 32)]
    [InlineData(0xFF, 32)]
    [InlineData(0x00, 0)]
    [InlineData(0x00, 31)]
    [InlineData(0x00, 33)]
    [InlineData(0x02, 64)]
    [InlineData(0x03, 64)]
    [InlineData(0x01, 255)]
    public async Task Preface_UnknownFlagOrNonceOfAnotherLength_IsRefusedAndClosed(byte flags, int nonceLength)
    {
        using var connection = await RawConnection.OpenAsync(Url);
        await connection.SendAsync(Preface.Write(flags, new byte[nonceLength], new byte[32]));

        (await connection.ReadReplyAsync())!.AssertRefusal(ServingCode.RequestMalformed);
        Assert.Empty(await connection.ReadToCloseAsync());
    }

    [Fact]
    public async Task Preface_AnotherVersion_IsNoPreface()
    {
        // HTTP gets it, and has no use for it.
        var preface = Preface.ForEvidence(Nonce.Create());
        preface[7] = 0x09;
        using var connection = await RawConnection.OpenAsync(Url);
        await connection.SendAsync(preface);

        AssertIsNoGrant(await connection.ReadToCloseAsync());
    }

    [Fact]
    public async Task ForeignBytes_OfAnyLikenessToAPreface_GoToHttpAndAreClosed()
    {
        for (var alike = 0; alike < Preface.Magic.Length; alike++)
        {
            using var connection = await RawConnection.OpenAsync(Url);
            await connection.SendAsync((byte[])[.. Preface.Magic[..alike], 0xEE, .. "\r\n\r\n\r\n\r\n"u8]);

            AssertIsNoGrant(await connection.ReadToCloseAsync());
        }
    }

    [Fact]
    public async Task Preface_Twice_TheSecondIsNoPreface()
    {
        var enclave = await VerifyAsync();
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        var preface = Preface.ForProof(nonce, enclave.ClaimsDigest);
        await connection.SendAsync((byte[])[.. preface, .. preface, .. "\r\n\r\n"u8]);

        (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder: false));
        AssertIsNoGrant(await connection.ReadToCloseAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task PlainClient_OfEitherHttp_IsServedAsBefore(int version)
    {
        var answer = await Server.SendAsync(HttpMethod.Get, Routes.Models, change: request =>
        {
            request.Version = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        });

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Preface_ThenHttp2_ServesManyRequestsOnTheProvedConnection()
    {
        var proved = 0;
#pragma warning disable CA5359 // The evidence of the preface decides.
        using var handler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
#pragma warning restore CA5359
        handler.PlaintextStreamFilter = async (context, cancellation) =>
        {
            var (tls, nonce) = ((SslStream)context.PlaintextStream, Nonce.Create());
            await tls.WriteAsync(Preface.ForEvidence(nonce, wantsBinder: true), cancellation);
            var head = new byte[GateReply.HeadLength];
            await tls.ReadExactlyAsync(head, cancellation);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(Preface.Magic.Length))];
            await tls.ReadExactlyAsync(body, cancellation);
            var seen = new TlsObservation { Nonce = nonce, Host = Url.Host, TlsCertificate = tls.RemoteCertificate!.GetRawCertData(), Binder = ChannelBinder.Take(tls) };
            new GateReply(head[..Preface.Magic.Length], body).VerifyEvidence(seen, Policy);
            proved++;
            return tls;
        };
        using var http = new HttpClient(handler) { BaseAddress = Url, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        // The first opens the connection; the others share it.
        await http.GetAsync(new Uri(Routes.Models, UriKind.Relative), TestContext.Current.CancellationToken);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => http.GetAsync(new Uri(Routes.Models, UriKind.Relative), TestContext.Current.CancellationToken)));

        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version)));
        Assert.Equal(1, proved);
    }

    [Fact]
    public async Task PlainClient_SlowWithItsFirstBytes_IsServedAsBefore()
    {
        using var connection = await RawConnection.OpenAsync(Url);
        foreach (var value in Encoding.ASCII.GetBytes(ListModels))
        {
            await connection.SendAsync(new[] { value });
        }

        Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
    }

    [Fact]
    public async Task Preface_ThenSilence_KeepsNobodyWaiting()
    {
        var enclave = await VerifyAsync();
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForProof(nonce, enclave.ClaimsDigest));
        (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder: false));

        await Server.AssertUnharmedAsync();

        await AssertServesAsync(connection);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(10)]
    [InlineData(41)]
    public async Task Preface_NeverFinished_IsEndedByTheServer(int length)
    {
        using var connection = await RawConnection.OpenAsync(Url);
        await connection.SendAsync(Preface.ForEvidence(Nonce.Create()).AsMemory(0, length));

        AssertIsNoGrant(await connection.ReadToCloseAsync());
    }

    [Fact]
    public async Task Preface_BrokenOffAnywhere_HarmsNobody()
    {
        var preface = Preface.ForEvidence(Nonce.Create());
        for (var length = 0; length < preface.Length; length++)
        {
            using var connection = await RawConnection.OpenAsync(Url);
            await connection.SendAsync(preface.AsMemory(0, length));
            connection.Break();
        }
    }

    [Fact]
    public async Task HalfOpenPrefaces_ByTheHundred_AreEndedWhileOthersAreServed()
    {
        var preface = Preface.ForEvidence(Nonce.Create());
        var halves = new List<RawConnection>();
        try
        {
            for (var number = 0; number < 300; number++)
            {
                var connection = await RawConnection.OpenAsync(Url);
                halves.Add(connection);
                await connection.SendAsync(preface.AsMemory(0, 1 + (number % (preface.Length - 1))));
            }

            var ended = Task.WhenAll(halves.Select(connection => connection.ReadToCloseAsync()));
            var served = 0;
            do
            {
                var enclave = await VerifyAsync();
                using var connection = await RawConnection.OpenAsync(Url);
                var nonce = Nonce.Create();
                await connection.SendAsync(Preface.ForProof(nonce, enclave.ClaimsDigest, wantsBinder: true));
                (await connection.ReadReplyAsync())!.VerifyProof(enclave, connection.See(nonce, withBinder: true));
                await AssertServesAsync(connection);
                await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
                served++;
            }
            while (!ended.IsCompleted);

            Assert.True(served > 1);
            Assert.All(await ended, AssertIsNoGrant);
        }
        finally
        {
            halves.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task RequireAttestedClients_ConnectionThatWasNotProved_GetsOnlyWhatProves()
    {
        await using var strict = await SimulationServer.StartAsync(["--Listen:RequireAttestedClients=true"]);

        foreach (var request in (string[])["GET /v2", "GET /v2/models", "GET /v2/health/live", "PUT /v2/models/m", "POST /v2/models/m/infer", "DELETE /v2/models/m", "GET /nowhere"])
        {
            (await AskAsync(strict, request)).AssertRefusal(403, ServingCode.AttestedClientRequired, hasHint: true);
        }

        Assert.Equal(200, (await AskAsync(strict, $"GET {Routes.Attestation}")).Status);
        foreach (var request in (string[])[$"GET {Routes.SealedRequestKeys}", $"POST {Routes.SealedRequests}"])
        {
            Assert.NotEqual(403, (await AskAsync(strict, request)).Status);
        }

        using var connection = await RawConnection.OpenAsync(strict.Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForEvidence(nonce, wantsBinder: true));
        (await connection.ReadReplyAsync())!.VerifyEvidence(connection.See(nonce, withBinder: true), Policies.For(strict));
        await AssertServesAsync(connection);
    }

    private static async Task<HttpAnswer> AskAsync(SimulationServer server, string request)
    {
        using var connection = await RawConnection.OpenAsync(server.Url);
        await connection.SendAsync($"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        return (await connection.ReadAnswerAsync())!;
    }

    private async Task<VerifiedEnclave> VerifyAsync()
    {
        using var connection = await RawConnection.OpenAsync(Url);
        var nonce = Nonce.Create();
        await connection.SendAsync(Preface.ForEvidence(nonce));
        return (await connection.ReadReplyAsync())!.VerifyEvidence(connection.See(nonce, withBinder: false), Policy);
    }

    private static async Task AssertServesAsync(RawConnection connection)
    {
        for (var request = 0; request < 2; request++)
        {
            await connection.SendAsync(ListModels);
            Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
        }
    }

    private static void AssertIsNoGrant(byte[] said) => Assert.False(said.AsSpan().StartsWith((byte[])[.. Preface.Magic[..^1], 0x02]), "The server granted what was no preface.");
}
