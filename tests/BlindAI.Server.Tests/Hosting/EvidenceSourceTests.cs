using System.Net;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Protocol;
using BlindAI.Server.Hosting;
using BlindAI.Server.Sealed;
using Microsoft.Extensions.Logging.Abstractions;

namespace BlindAI.Server.Tests.Hosting;

public sealed class EvidenceSourceTests
{
    [Fact]
    public async Task ProveAsync_OneAddressAsksTooOften_LeavesEvidenceToTheOthers()
    {
        using var attester = new SimulationAttester();
        using var identity = await EnclaveIdentity.CreateAsync("localhost", attester, Sha256Digest.Of("configuration"u8), TimeProvider.System);
        using var keys = new SealedRequestKeys(TimeProvider.System);
        using var source = new EvidenceSource(attester, identity, keys, evidencePerSecond: 20, complete: null, NullLogger.Instance);
        var greedy = IPAddress.Parse("192.0.2.1");

        // Far more than all that there is, so that only its own share can have stopped it.
        var refused = 0;
        for (var round = 0; round < 1000; round++)
        {
            refused += await AsksAsync(source, greedy) ? 0 : 1;
        }

        Assert.True(refused > 0);
        Assert.True(await AsksAsync(source, IPAddress.Parse("192.0.2.2")));
    }

    [Fact]
    public async Task ProveAsync_CollateralAtHand_SendsItAlong()
    {
        using var attester = new SimulationAttester();
        using var identity = await EnclaveIdentity.CreateAsync("localhost", attester, Sha256Digest.Of("configuration"u8), TimeProvider.System);
        using var keys = new SealedRequestKeys(TimeProvider.System);
        using var source = new EvidenceSource(attester, identity, keys, evidencePerSecond: 20,
            (evidence, _) => Task.FromResult(evidence.With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { ["crl"] = [new byte[] { 1 }] })), NullLogger.Instance);

        var made = await source.ProveAsync(Nonce.Create(), binder: null, IPAddress.Loopback, TestContext.Current.CancellationToken);

        Assert.Equal([1], made.Evidence[0].Endorsements["crl"][0].ToArray());
    }

    [Fact]
    public async Task ProveAsync_CollateralNotToBeHad_SendsEvidenceAlone()
    {
        using var attester = new SimulationAttester();
        using var identity = await EnclaveIdentity.CreateAsync("localhost", attester, Sha256Digest.Of("configuration"u8), TimeProvider.System);
        using var keys = new SealedRequestKeys(TimeProvider.System);
        using var source = new EvidenceSource(attester, identity, keys, evidencePerSecond: 20,
            (_, _) => throw new AttestationException(RejectionCode.CollateralMissing, "no answer"), NullLogger.Instance);

        Assert.Empty((await source.ProveAsync(Nonce.Create(), binder: null, IPAddress.Loopback, TestContext.Current.CancellationToken)).Evidence[0].Endorsements);
    }

    private static async Task<bool> AsksAsync(EvidenceSource source, IPAddress address)
    {
        try
        {
            await source.ProveAsync(Nonce.Create(), binder: null, address, TestContext.Current.CancellationToken);
            return true;
        }
        catch (ServingException exception) when (exception.Code == ServingCode.Overloaded)
        {
            return false;
        }
    }
}
