using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Protocol.Tests.Ohttp;

public sealed class OhttpKeyConfigurationTests
{
    // The lists that are malformed are in vectors/ohttp, keys-*.
    [Fact]
    public void Parse_ListOverTheLimit_IsRefused()
    {
        List<OhttpKeyConfiguration> configurations = [.. Enumerable.Range(0, 51).Select(id => OhttpKeyConfiguration.Of((byte)id, SealedExchange.Key.PublicKey))];
        Assert.Equal(configurations.Select(configuration => configuration.KeyId), OhttpKeyConfiguration.Parse(OhttpKeyConfiguration.Encode(configurations)).Select(configuration => configuration.KeyId));
        configurations.Add(OhttpKeyConfiguration.Of(51, SealedExchange.Key.PublicKey));
        var bytes = OhttpKeyConfiguration.Encode(configurations);
        Assert.Equal(OhttpFault.Malformed, Assert.Throws<OhttpException>(() => OhttpKeyConfiguration.Parse(bytes)).Fault);
    }

    [Fact]
    public void Parse_OurCipherWithAnotherKdf_IsPassedOver()
    {
        var bytes = OhttpKeyConfiguration.Encode([OhttpKeyConfiguration.Of(1, SealedExchange.Key.PublicKey)]);
        bytes[^7] = 2;                                          // the KDF of the first suite, the preferred one
        Assert.Equal([HpkeAead.Aes128Gcm], Assert.Single(OhttpKeyConfiguration.Parse(bytes)).Aeads);
    }

    [Fact]
    public void Parse_SuiteTwice_IsTakenOnce()
    {
        var bytes = OhttpKeyConfiguration.Encode([OhttpKeyConfiguration.Of(1, SealedExchange.Key.PublicKey)]);
        bytes[^1] = (byte)HpkeAead.Aes256Gcm;
        Assert.Equal([HpkeAead.Aes256Gcm], Assert.Single(OhttpKeyConfiguration.Parse(bytes)).Aeads);
    }
}
