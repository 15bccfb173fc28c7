using BlindAI.Attestation;
using BlindAI.Protocol.Inference;

namespace BlindAI.Protocol.Configuration;

/// <summary>The part of the configuration that a client relies on. Its digest is claim 11, so evidence says under which one the enclave runs.</summary>
/// <remarks>Source: docs/configuration.md. Canonical JSON (RFC 8785), every default written out, secrets only as hashes.</remarks>
public sealed record TrustConfiguration
{
    /// <summary>The version of the document; it grows when a member is added or changes its meaning.</summary>
    public const int Version = 3;

    /// <summary>Whether only clients are served that had their connection proved, or that seal their requests. Default false.</summary>
    public bool RequireAttestedClients { get; init; }

    /// <summary>How much is logged. Default Information.</summary>
    public ServerLogLevel LogLevel { get; init; } = ServerLogLevel.Information;

    /// <summary>Whether spans of inference requests are sent to a collector, wherever that is. Default false.</summary>
    public bool SendsTraces { get; init; }

    /// <summary>Whether these spans name the model. Default false.</summary>
    public bool TracesNameModels { get; init; }

    /// <summary>Whether the plaintext port shows Triton's metrics, which name every model of every namespace and count its requests. Default false.</summary>
    public bool TritonMetrics { get; init; }

    /// <summary>Limits on one request.</summary>
    public ProtocolLimits Protocol { get; init; } = new();

    /// <summary>Most bytes of all requests being served: what protects the enclave's memory. Default 1 GiB, 16 of the largest requests.</summary>
    public long MaxInFlightBytes { get; init; } = 1L << 30;

    /// <summary>Most bytes of one model bundle. Default 1 GiB.</summary>
    public long MaxModelBytes { get; init; } = 1L << 30;

    /// <summary>Most bytes of all model bundles together. Default 16 GiB.</summary>
    public long MaxTotalModelBytes { get; init; } = 16L << 30;

    /// <summary>Most loaded models of a namespace. Default 32.</summary>
    public int MaxLoadedModelsPerNamespace { get; init; } = 32;

    /// <summary>Most namespaces that hold, or have held, a model. Default 1,000.</summary>
    public int MaxNamespaces { get; init; } = 1000;

    /// <summary>Most model versions of a namespace, uploads in progress included. Default 100.</summary>
    public int MaxModelsPerNamespace { get; init; } = 100;

    /// <summary>Most bytes of all model bundles of a namespace. Default 8 GiB.</summary>
    public long MaxBytesPerNamespace { get; init; } = 8L << 30;

    /// <summary>Most requests that wait for one model; beyond it the answer is "overloaded" at once. Default 256.</summary>
    public int MaxQueuedRequests { get; init; } = 256;

    /// <summary>Longest time that a request may wait for the engine. Default 5 s.</summary>
    public TimeSpan MaxQueueTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time that a run may take before it is ended. Default 60 s.</summary>
    public TimeSpan MaxRunTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most bytes of the tensors of one answer. Default 256 MiB.</summary>
    public long MaxResponseBytes { get; init; } = 256L << 20;

    /// <summary>Most rows of a batch where a model's owner does not say; 0 switches batching off there. Default 32.</summary>
    public int MaxBatchSize { get; init; } = 32;

    /// <summary>Whether one run may serve several callers of a model. Default true.</summary>
    public bool BatchesMixCallers { get; init; } = true;

    /// <summary>Most evidence objects made in a second: a quote costs the platform up to a second. Default 50.</summary>
    public int AttestationsPerSecond { get; init; } = 50;

    /// <summary>The canonical document.</summary>
    public string Document => CanonicalJson.Write(new Dictionary<string, object>
    {
        ["version"] = Version,
        ["access"] = new Dictionary<string, object> { ["callers"] = "any" },
        ["batching"] = new Dictionary<string, object> { ["maxBatchSize"] = MaxBatchSize, ["mixCallers"] = BatchesMixCallers },
        ["listen"] = new Dictionary<string, object> { ["requireAttestedClients"] = RequireAttestedClients },
        ["logging"] = new Dictionary<string, object> { ["level"] = LogLevel.ToString() },
        ["telemetry"] = new Dictionary<string, object> { ["mode"] = SendsTraces ? "traces" : "off", ["modelNames"] = TracesNameModels, ["tritonMetrics"] = TritonMetrics },
        ["limits"] = new Dictionary<string, object>
        {
            ["attestationsPerSecond"] = AttestationsPerSecond,
            ["maxBytesPerNamespace"] = MaxBytesPerNamespace,
            ["maxByteStrings"] = Protocol.MaxByteStrings,
            ["maxHeaderBytes"] = Protocol.MaxHeaderBytes,
            ["maxInFlightBytes"] = MaxInFlightBytes,
            ["maxLoadedModelsPerNamespace"] = MaxLoadedModelsPerNamespace,
            ["maxModelBytes"] = MaxModelBytes,
            ["maxModelsPerNamespace"] = MaxModelsPerNamespace,
            ["maxNamespaces"] = MaxNamespaces,
            ["maxQueuedRequests"] = MaxQueuedRequests,
            ["maxQueueMilliseconds"] = (long)MaxQueueTime.TotalMilliseconds,
            ["maxRequestBytes"] = Protocol.MaxRequestBytes,
            ["maxResponseBytes"] = MaxResponseBytes,
            ["maxRunMilliseconds"] = (long)MaxRunTime.TotalMilliseconds,
            ["maxTensors"] = Protocol.MaxTensors,
            ["maxTotalModelBytes"] = MaxTotalModelBytes,
        },
    });

    /// <summary>SHA-256 of the canonical document: claim 11.</summary>
    public Sha256Digest Digest => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(Document));
}
