using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Server.Sealed;

/// <summary>One key pair that requests are sealed to. It is erased when its time is over and the last request that holds it has let go.</summary>
internal sealed class SealedRequestKey
{
    // The first holder is whoever made it, until its time is over.
    private int _holders = 1;

    public SealedRequestKey(byte id)
    {
        Id = id;
        Pair = HpkePrivateKey.Generate();
        Published = new(OhttpKeyConfiguration.Encode([OhttpKeyConfiguration.Of(id, Pair.PublicKey)]));
    }

    /// <summary>The number that requests name it by.</summary>
    public byte Id { get; }

    /// <summary>The pair; only for who holds the key.</summary>
    public HpkePrivateKey Pair { get; }

    /// <summary>What clients are told of it.</summary>
    public PublishedKeys Published { get; }

    /// <summary>Keeps the pair from being erased until <see cref="Release"/>; false when it is too late.</summary>
    public bool TryHold()
    {
        var holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    /// <summary>Lets go.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Pair.Dispose();
        }
    }
}
