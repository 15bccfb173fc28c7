using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Sealed;
using BlindAI.Testing;

namespace BlindAI.Server.Tests.Sealed;

public sealed class SealedRequestKeyTests
{
    [Fact]
    public void Release_LastHolder_ErasesThePair()
    {
        var key = new SealedRequestKey(1);
        Assert.True(key.TryHold());

        key.Release();
        Assert.True(key.TryHold());
        key.Release();

        // The maker lets go last.
        key.Release();
        Assert.False(key.TryHold());
        using var call = new SealedCall(key.Published.Encoded.Span);
        Assert.Equal(OhttpFault.KeyUnknown, Assert.Throws<OhttpException>(() => OhttpRequestOpener.Create(call.Head, OhttpForm.Chunked, _ => key.Pair)).Fault);
    }
}
