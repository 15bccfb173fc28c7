using System.Security.Cryptography;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A file of a received bundle: its manifest entry and its bytes, which the bundle owns.</summary>
public sealed class BundleFile
{
    internal BundleFile(ManifestEntry entry, byte[] bytes)
    {
        Entry = entry;
        Bytes = bytes;
    }

    /// <summary>Path, size and SHA-256.</summary>
    public ManifestEntry Entry { get; }

    /// <summary>The bytes, exactly as many as the entry says; none once disposed of. Model contents: never log them.</summary>
    internal byte[] Bytes { get; private set; }

    /// <summary>Zeroes the bytes and lets go of them, whoever still holds this.</summary>
    internal void Zero()
    {
        CryptographicOperations.ZeroMemory(Bytes);
        Bytes = [];
    }
}
