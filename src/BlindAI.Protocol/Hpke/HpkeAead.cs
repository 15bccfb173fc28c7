namespace BlindAI.Protocol.Hpke;

/// <summary>The ciphers that are offered, by their registered numbers.</summary>
/// <remarks>Source: RFC 9180, section 7.3.</remarks>
public enum HpkeAead : ushort
{
    /// <summary>AES-128-GCM: a key of 16 bytes.</summary>
    Aes128Gcm = 0x0001,

    /// <summary>AES-256-GCM: a key of 32 bytes. Preferred.</summary>
    Aes256Gcm = 0x0002,
}
