namespace BlindAI.Protocol.Models;

/// <summary>One file of a bundle, as its manifest states it.</summary>
public sealed record ManifestEntry
{
    /// <summary>States a file.</summary>
    /// <param name="path">Where it is in the bundle.</param>
    /// <param name="size">Bytes: 0 or more.</param>
    /// <param name="sha256">Of the bytes: 64 lower hexadecimal digits.</param>
    public ManifestEntry(BundlePath path, long size, string sha256)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (!Sha256Text.Holds(sha256))
        {
            throw new ArgumentException("A SHA-256 is 64 lower hexadecimal digits.", nameof(sha256));
        }

        Path = path;
        Size = size;
        Sha256 = sha256;
    }

    /// <summary>Where the file is in the bundle.</summary>
    public BundlePath Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Size { get; }

    /// <summary>SHA-256 of the bytes: 64 lower hexadecimal digits.</summary>
    public string Sha256 { get; }
}
