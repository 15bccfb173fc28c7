using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>What the server answers to an upload.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 4.</remarks>
public sealed record UploadAnswer
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The version that the upload became.</summary>
    public required int Version { get; init; }

    /// <summary>The model digest that the server computed over the bundle as it arrived.</summary>
    public required string Digest { get; init; }

    /// <summary>SHA-256 of the ONNX file itself, in hexadecimal: what <c>sha256sum</c> prints.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What the model takes.</summary>
    public required IReadOnlyList<TensorDescription> Inputs { get; init; }

    /// <summary>What it gives.</summary>
    public required IReadOnlyList<TensorDescription> Outputs { get; init; }

    /// <summary>Bytes of the bundle's files.</summary>
    public required long Size { get; init; }

    /// <summary>How long the model lasts: <c>memory</c> until the server stops.</summary>
    public required string Durability { get; init; }

    /// <summary>Whether requests are batched, and why: what the load found out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Batching { get; init; }

    /// <summary>The form that runs in its place; null where it runs as it was uploaded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DerivedModel? Derived { get; init; }
}
