using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>An enclave that was accepted and is refused later: nothing more goes to it, over whatever was open or waiting.</summary>
public sealed class RefusalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, "preferred")]
    [InlineData(true, "preferred")]
    [InlineData(true, "quote")]
    public async Task List_GatedKeyRefusedAfterRenewals_GoesNowhere(bool isRenewedBefore, string binder)
    {
        await using var server = await ServerInside.StartAsync();
        await using var man = new ManInTheMiddle(server.Url, certificate: null);
        await using var client = await BlindAIClient.ConnectAsync(man.Url, server.Policy($"\"otherModels\": \"allow\", \"binder\": \"{binder}\""), cancellationToken: Cancellation);
        await client.ListModelsAsync(Cancellation);
        if (isRenewedBefore)
        {
            await client.ReattestAsync(Cancellation);
        }

        // The key shows evidence that is refused; the connection that stands is still the enclave's own.
        man.Certificate = server.StolenCertificate;
        man.ChangePreface = (preface, _) => Preface.Write(preface[Preface.FlagsAt], Nonce.Create().Bytes.ToArray());
        await Assert.ThrowsAsync<AttestationException>(() => client.ReattestAsync(Cancellation));

        await Assert.ThrowsAsync<AttestationException>(() => client.ListModelsAsync(Cancellation));
    }

    [Fact]
    public async Task List_PinnedKeyRefusedAndAnotherAccepted_DoesNotGoToTheRefusedOne()
    {
        await using var first = await ServerInside.StartAsync();
        await using var second = await ServerInside.StartAsync();
        await using var man = new ManInTheMiddle(second.Url, first.StolenCertificate);
        await using var switchboard = new Switchboard(first.Url);
        await using var client = await BlindAIClient.ConnectAsync(switchboard.Url, Policies.ForKey("any"), new() { Channel = ChannelMode.Pinned }, Cancellation);
        await client.UploadModelAsync("of-the-first", new MemoryStream(TestModels.Sum), cancellationToken: Cancellation);

        switchboard.Target = man.Url;
        Assert.Equal(RejectionCode.TlsKeyMismatch, (await Assert.ThrowsAsync<AttestationException>(() => client.ReattestAsync(Cancellation))).Code);
        switchboard.Target = second.Url;
        await client.ReattestAsync(Cancellation);

        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
    }

    [Fact]
    public async Task Upload_SealedAndWaitingWhileTheServerIsRefused_DoesNotLeave()
    {
        await using var accepted = await SimulationServer.StartAsync();
        await using var refused = await SimulationServer.StartAsync();
        await using var proxy = await LyingProxy.StartAsync(accepted.Url);
        await using var client = await BlindAIClient.ConnectAsync(proxy.Url, Policies.For(accepted), new() { Channel = ChannelMode.Sealed, MaxConnections = 1 }, Cancellation);
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        proxy.LieToSealed(async ask =>
        {
            arrived.TrySetResult();
            await goOn.Task;
            return await ask();
        });

        // The only connection is taken by the first, so the second waits.
        var first = client.ListModelsAsync(Cancellation);
        await arrived.Task;
        var second = client.UploadModelAsync("waiting", new MemoryStream(TestModels.Sum), cancellationToken: Cancellation);
        proxy.Server = refused.Url;
        await Assert.ThrowsAsync<AttestationException>(() => client.ReattestAsync(Cancellation));
        proxy.Server = accepted.Url;
        goOn.SetResult();
        await first;

        Assert.Equal(RejectionCode.EnclaveExpired, (await Assert.ThrowsAsync<AttestationException>(() => second)).Code);
        Assert.Single(proxy.Sealed);
    }

    [Fact]
    public async Task Upload_SealedAndLedToAnotherReplica_IsNotSentTwice()
    {
        await using var first = await SimulationServer.StartAsync();
        await using var second = await SimulationServer.StartAsync();
        await using var proxy = await LyingProxy.StartAsync(first.Url);
        await using var client = await BlindAIClient.ConnectAsync(proxy.Url, Policies.ForKey("any"), new() { Channel = ChannelMode.Sealed }, Cancellation);
        var folder = Directory.CreateTempSubdirectory("blindai-twice-");
        try
        {
            var file = Path.Combine(folder.FullName, "model.onnx");
            await File.WriteAllBytesAsync(file, TestModels.Sum, Cancellation);
            proxy.LieToSealed(async ask =>
            {
                // It is carried out, and called unknown; the next evidence is of the other one.
                await ask();
                proxy.Server = second.Url;
                return await LyingProxy.Say(400, MediaTypes.ProblemJson, """{"type":"https://iana.org/assignments/http-problem-types#ohttp-key"}""");
            });

            Assert.Equal(ServingCode.ConnectionLost, (await Assert.ThrowsAsync<ServingException>(() => client.UploadModelAsync("once", file, cancellationToken: Cancellation))).Code);

            Assert.Single(proxy.Sealed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task List_SealedWhereProvedClientsAreRequired_IsServed()
    {
        await using var strict = await SimulationServer.StartAsync(["--Listen:RequireAttestedClients=true"]);
        await using var client = await BlindAIClient.ConnectAsync(strict.Url, Policies.For(strict), new() { Channel = ChannelMode.Sealed }, Cancellation);

        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
    }
}
