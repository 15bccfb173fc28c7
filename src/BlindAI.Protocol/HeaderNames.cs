namespace BlindAI.Protocol;

/// <summary>Header names of the protocol; HTTP compares them without case.</summary>
public static class HeaderNames
{
    /// <summary>Bytes of JSON in front of the binary sections (binary tensor data extension).</summary>
    public const string InferenceHeaderContentLength = "Inference-Header-Content-Length";

    /// <summary>The namespace of a request.</summary>
    public const string Namespace = "blindai-namespace";

    /// <summary>Asks for a signed receipt.</summary>
    public const string Receipt = "blindai-receipt";

    /// <summary><c>1</c> inside a sealed request asks for a padded answer: a length that tells no more than its power of two.</summary>
    public const string Padding = "blindai-padding";

    /// <summary>The digest of the model that answered.</summary>
    public const string ModelDigest = "blindai-model-digest";
}
