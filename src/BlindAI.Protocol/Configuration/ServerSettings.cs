using System.Globalization;
using BlindAI.Protocol.Inference;

namespace BlindAI.Protocol.Configuration;

/// <summary>Everything that the server can be told, each with its sourced default. Unknown keys are errors.</summary>
/// <remarks>
/// Source: docs/configuration.md. What changes whom or what a client trusts is in <see cref="TrustConfiguration"/>; addresses, paths and thread
/// counts are not, so that replicas agree on its digest.
/// </remarks>
public sealed record ServerSettings
{
    private const long Kibibyte = 1L << 10;

    private const long Gibibyte = 1L << 30;

    // What protects nothing is not offered to the network unless somebody says so.
    private static readonly Uri SimulationUrl = new("https://127.0.0.1:8443");

    /// <summary><c>Listen:Url</c>: the attested port; port 0 takes a free one. Default: all addresses, in simulation loopback; port 8443.</summary>
    public Uri ListenUrl { get; private init; } = new("https://0.0.0.0:8443");

    /// <summary><c>Listen:OperationsUrl</c>: the plaintext port for health and metrics, on loopback unless told otherwise.</summary>
    public Uri OperationsUrl { get; private init; } = new("http://127.0.0.1:8002");

    /// <summary><c>Service:Name</c>: claim 10. Null leaves <c>localhost</c> to simulation and nothing to hardware.</summary>
    public string? ServiceName { get; private init; }

    /// <summary><c>Inference:Threads</c>: threads that run models, 1 to 256. Default: the cores that the process may use.</summary>
    public int InferenceThreads { get; private init; } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary><c>Models:KeepBytes</c>: whether a loaded model keeps its uploaded bytes, so that it can be unloaded and loaded again. Default false: they double its memory.</summary>
    public bool KeepModelBytes { get; private init; }

    /// <summary><c>Collateral:CacheFolder</c>: where fetched collateral is kept, an absolute path. Null: none is fetched, clients see to it themselves.</summary>
    public string? CollateralCacheFolder { get; private init; }

    /// <summary><c>Collateral:PccsUrl</c>: a self-hosted cache of Intel's collateral. Null: Intel's own service.</summary>
    public Uri? CollateralPccsUrl { get; private init; }

    /// <summary><c>Telemetry:OtlpEndpoint</c>: the collector that gets traces. Null: none are made. That they are sent is trusted, where to is not.</summary>
    public Uri? OtlpEndpoint { get; private init; }

    /// <summary>What is attested by claim 11.</summary>
    public TrustConfiguration Trust { get; private init; } = new();

    /// <summary>Reads settings.</summary>
    /// <param name="entries">The settings as they were gathered.</param>
    /// <param name="isSimulation">Whether the server runs in simulation, which has another default address.</param>
    /// <exception cref="ConfigurationException">A key is unknown or a value is out of its range; the message names both.</exception>
    public static ServerSettings Read(ConfigurationEntries entries, bool isSimulation = false)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var reader = new Reader(entries);
        var defaults = new ServerSettings();
        var trust = defaults.Trust;
        var collector = reader.OptionalUrl("Telemetry:OtlpEndpoint", Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        var settings = new ServerSettings
        {
            ListenUrl = reader.Url("Listen:Url", isSimulation ? SimulationUrl : defaults.ListenUrl, Uri.UriSchemeHttps),
            OperationsUrl = reader.Url("Listen:OperationsUrl", defaults.OperationsUrl, Uri.UriSchemeHttp),
            ServiceName = reader.Text("Service:Name", maxLength: 253),
            CollateralCacheFolder = reader.AbsolutePath("Collateral:CacheFolder"),
            CollateralPccsUrl = reader.OptionalUrl("Collateral:PccsUrl", Uri.UriSchemeHttps),
            KeepModelBytes = reader.Boolean("Models:KeepBytes", defaults.KeepModelBytes),
            InferenceThreads = (int)reader.Integer("Inference:Threads", defaults.InferenceThreads, 1, 256),
            OtlpEndpoint = collector,
            Trust = new()
            {
                RequireAttestedClients = reader.Boolean("Listen:RequireAttestedClients", trust.RequireAttestedClients),
                LogLevel = reader.Choice("Logging:Level", trust.LogLevel),
                SendsTraces = collector is not null,
                TracesNameModels = reader.Boolean("Telemetry:ModelNames", trust.TracesNameModels),
                TritonMetrics = reader.Boolean("Telemetry:TritonMetrics", trust.TritonMetrics),
                Protocol = new()
                {
                    MaxRequestBytes = (int)reader.Integer("Limits:MaxRequestBytes", trust.Protocol.MaxRequestBytes, Kibibyte, Array.MaxLength),
                    MaxHeaderBytes = (int)reader.Integer("Limits:MaxHeaderBytes", trust.Protocol.MaxHeaderBytes, Kibibyte, 64 * 1024 * Kibibyte),
                    MaxTensors = (int)reader.Integer("Limits:MaxTensors", trust.Protocol.MaxTensors, 1, 4096),
                    MaxByteStrings = (int)reader.Integer("Limits:MaxByteStrings", trust.Protocol.MaxByteStrings, 1, 64 * 1024 * 1024),
                },
                MaxInFlightBytes = reader.Integer("Limits:MaxInFlightBytes", trust.MaxInFlightBytes, 1024 * Kibibyte, 1024 * Gibibyte),
                MaxModelBytes = reader.Integer("Limits:MaxModelBytes", trust.MaxModelBytes, Kibibyte, 64 * Gibibyte),
                MaxTotalModelBytes = reader.Integer("Limits:MaxTotalModelBytes", trust.MaxTotalModelBytes, Kibibyte, 1024 * Gibibyte),
                MaxLoadedModelsPerNamespace = (int)reader.Integer("Limits:MaxLoadedModelsPerNamespace", trust.MaxLoadedModelsPerNamespace, 1, 10_000),
                MaxNamespaces = (int)reader.Integer("Limits:MaxNamespaces", trust.MaxNamespaces, 1, 100_000),
                MaxModelsPerNamespace = (int)reader.Integer("Limits:MaxModelsPerNamespace", trust.MaxModelsPerNamespace, 1, 10_000),
                MaxBytesPerNamespace = reader.Integer("Limits:MaxBytesPerNamespace", trust.MaxBytesPerNamespace, Kibibyte, 1024 * Gibibyte),
                MaxQueuedRequests = (int)reader.Integer("Limits:MaxQueuedRequests", trust.MaxQueuedRequests, 1, 100_000),
                MaxQueueTime = TimeSpan.FromMilliseconds(reader.Integer("Limits:MaxQueueMilliseconds", (long)trust.MaxQueueTime.TotalMilliseconds, 1, 600_000)),
                MaxRunTime = TimeSpan.FromMilliseconds(reader.Integer("Limits:MaxRunMilliseconds", (long)trust.MaxRunTime.TotalMilliseconds, 10, 3_600_000)),
                MaxResponseBytes = reader.Integer("Limits:MaxResponseBytes", trust.MaxResponseBytes, Kibibyte, Array.MaxLength),
                MaxBatchSize = (int)reader.Integer("Batching:MaxBatchSize", trust.MaxBatchSize, 0, 1024),
                BatchesMixCallers = reader.Boolean("Batching:MixCallers", trust.BatchesMixCallers),
                AttestationsPerSecond = (int)reader.Integer("Limits:AttestationsPerSecond", trust.AttestationsPerSecond, 1, 100_000),
            },
        };
        reader.ExpectNoOthers();
        if (settings.Trust.MaxInFlightBytes < (long)settings.Trust.Protocol.MaxRequestBytes * ProtocolLimits.JsonExpansion)
        {
            throw new ConfigurationException($"Limits:MaxInFlightBytes must be at least {ProtocolLimits.JsonExpansion} times Limits:MaxRequestBytes: the largest JSON request would never be served.");
        }

        return settings;
    }

    private sealed class Reader(ConfigurationEntries entries)
    {
        private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

        public string? Text(string key, int maxLength)
        {
            var value = Value(key);
            return value is null || (value.Length > 0 && value.Length <= maxLength)
                ? value
                : throw new ConfigurationException($"{key} must have 1 to {maxLength} characters.");
        }

        public long Integer(string key, long fallback, long least, long most) =>
            Value(key) is not { } value ? fallback
            : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw new ConfigurationException($"{key} must be an integer from {least} to {most}.");

        public bool Boolean(string key, bool fallback) =>
            Value(key)?.ToLowerInvariant() switch
            {
                null => fallback,
                "true" => true,
                "false" => false,
                _ => throw new ConfigurationException($"{key} must be true or false."),
            };

        public TEnum Choice<TEnum>(string key, TEnum fallback)
            where TEnum : struct, Enum =>
            Value(key) is not { } value ? fallback
            : Enum.GetNames<TEnum>().Contains(value, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<TEnum>(value, ignoreCase: true)
            : throw new ConfigurationException($"{key} must be one of {string.Join(", ", Enum.GetNames<TEnum>())}.");

        public string? AbsolutePath(string key) =>
            Text(key, maxLength: 4096) is not { } path ? null
            : Path.IsPathFullyQualified(path) ? path
            : throw new ConfigurationException($"{key} must be an absolute path.");

        public Uri Url(string key, Uri fallback, string scheme) => OptionalUrl(key, scheme) ?? fallback;

        public Uri? OptionalUrl(string key, params ReadOnlySpan<string> schemes) =>
            Value(key) is not { } value ? null
            : Uri.TryCreate(value, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url.PathAndQuery == "/" && url.Fragment.Length == 0 && url.UserInfo.Length == 0 ? url
            : throw new ConfigurationException($"{key} must be {string.Join(" or ", schemes)}://ADDRESS:PORT without a path.");

        public void ExpectNoOthers()
        {
            foreach (var (key, source) in entries.Keys)
            {
                if (!_known.Contains(key))
                {
                    throw new ConfigurationException($"{source} sets {key}, which is no setting of this server. The settings are: {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
                }
            }
        }

        private string? Value(string key)
        {
            _known.Add(key);
            return entries[key];
        }
    }
}
