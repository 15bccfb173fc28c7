namespace BlindAI.Protocol;

/// <summary>The paths of the attested port.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 2; the Open Inference Protocol v2 for everything below <c>/v2</c>.</remarks>
public static class Routes
{
    /// <summary>Evidence: <c>POST</c> with a nonce, <c>GET</c> for the static form.</summary>
    public const string Attestation = "/.well-known/blindai/attestation";

    /// <summary>The key configuration of sealed requests.</summary>
    public const string SealedRequestKeys = "/.well-known/blindai/ohttp-keys";

    /// <summary>Sealed requests: <c>POST</c>.</summary>
    public const string SealedRequests = "/blindai/sealed";

    /// <summary>Server metadata.</summary>
    public const string Server = "/v2";

    /// <summary>Whether the process answers.</summary>
    public const string Live = "/v2/health/live";

    /// <summary>Whether the server takes requests.</summary>
    public const string Ready = "/v2/health/ready";

    /// <summary>The models of a namespace; a model is below it.</summary>
    public const string Models = "/v2/models";

    /// <summary>The counts of every model version of a namespace.</summary>
    public const string Statistics = "/v2/models/stats";

    /// <summary>Index, load and unload are below it.</summary>
    public const string Repository = "/v2/repository";

    /// <summary>The path of a model or of one version of it.</summary>
    public static string Model(Models.ModelName name, int? version = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        return version is null ? $"{Models}/{name}" : $"{Models}/{name}/versions/{version}";
    }
}
