namespace BlindAI.Protocol.Models;

/// <summary>A local file and the place it takes in a bundle.</summary>
public sealed record ModelFile(BundlePath Path, string LocalPath, long Size);
