namespace BlindAI.Protocol.Ohttp;

/// <summary>How an encapsulated message or a key configuration fails: as much as its sender may be told.</summary>
public enum OhttpFault
{
    /// <summary>The key or the suite is not one that both ends have. A client fetches and verifies the key configuration anew.</summary>
    KeyUnknown = 1,

    /// <summary>The framing, a point or a ciphertext is not valid; which one is not said.</summary>
    Malformed,

    /// <summary>The message ended before its final chunk.</summary>
    Truncated,
}
