using BlindAI.Inference.Engines;
using BlindAI.Inference.Precision;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A model version as its owner sees it: what the answer to an upload and the model list need.</summary>
public sealed record ModelDescription
{
    /// <summary>The owner's space.</summary>
    public required NamespaceName Namespace { get; init; }

    /// <summary>The model's name.</summary>
    public required ModelName Name { get; init; }

    /// <summary>The version: 1 or more.</summary>
    public required int Version { get; init; }

    /// <summary>The digest of the manifest.</summary>
    public required ModelDigest Digest { get; init; }

    /// <summary>SHA-256 of the ONNX file that runs (64 lower hexadecimal digits): what <c>sha256sum</c> prints for it.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What runs in the place of that file; null where it runs as it was uploaded.</summary>
    public DerivedForm? Derived { get; init; }

    /// <summary>Inputs and outputs.</summary>
    public required ModelSignature Signature { get; init; }

    /// <summary>Bytes of all files of the bundle.</summary>
    public required long Size { get; init; }

    /// <summary>Whether it answers at once.</summary>
    public required ModelState State { get; init; }

    /// <summary>Where it is kept: <c>memory</c> means until the server stops.</summary>
    public string Durability { get; init; } = "memory";

    /// <summary>When it was uploaded.</summary>
    public required DateTimeOffset UploadedAt { get; init; }

    /// <summary>When it is deleted by itself; null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>How it is scheduled and run.</summary>
    public ModelConfiguration Configuration { get; init; } = new();

    /// <summary>Its counts.</summary>
    public required ModelStatistics Statistics { get; init; }
}
