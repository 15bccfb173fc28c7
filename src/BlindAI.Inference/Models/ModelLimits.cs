using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>How much the catalogue takes. Bytes are counted as they arrive; the first one over a limit is refused.</summary>
public sealed class ModelLimits
{
    private const long Gibibyte = 1L << 30;

    /// <summary>
    /// Bytes of one upload: 1 KiB to 64 GiB. Default 1 GiB: one ONNX file, a protobuf, ends at 2 GiB, and a load needs about three times the file.
    /// </summary>
    public long MaxModelBytes { get; set => field = Guard.InRange(value, 1024, 64 * Gibibyte); } = Gibibyte;

    /// <summary>Namespaces that hold, or have held, a model: 1 to 100,000. Default 1,000.</summary>
    public int MaxNamespaces { get; set => field = Guard.InRange(value, 1, 100_000); } = 1000;

    /// <summary>Model versions of one namespace, uploads in progress included: 1 to 10,000. Default 100.</summary>
    public int MaxModelsPerNamespace { get; set => field = Guard.InRange(value, 1, 10_000); } = 100;

    /// <summary>Bytes of one namespace, uploads in progress included: 1 KiB to 1 TiB. Default 8 GiB: eight of the largest models.</summary>
    public long MaxBytesPerNamespace { get; set => field = Guard.InRange(value, 1024, 1024 * Gibibyte); } = 8 * Gibibyte;

    /// <summary>Bytes of all namespaces together: 1 KiB to 1 TiB. Default 16 GiB. Memory takes about 1.3 times this.</summary>
    public long MaxTotalBytes { get; set => field = Guard.InRange(value, 1024, 1024 * Gibibyte); } = 16 * Gibibyte;

    /// <summary>Loaded models of one namespace: 1 to 10,000. Default 32. Per namespace, so that nobody's use shows in another's.</summary>
    public int MaxLoadedModelsPerNamespace { get; set => field = Guard.InRange(value, 1, 10_000); } = 32;

    /// <summary>Whether a loaded model keeps its uploaded bytes, to be unloaded and loaded again. Default false: they would double its memory.</summary>
    public bool KeepModelBytes { get; set; }

    /// <summary>Longest time to live of an upload: 1 s to 45 days. Default 45 days.</summary>
    public TimeSpan MaxTimeToLive { get; set => field = Guard.InRange(value, TimeSpan.FromSeconds(1), UploadLimits.MaxTimeToLive); } = UploadLimits.MaxTimeToLive;
}
