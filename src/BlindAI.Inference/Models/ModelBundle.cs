using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A bundle as it was uploaded, in memory only. Disposing it zeroes the bytes.</summary>
public sealed class ModelBundle : IDisposable
{
    private readonly SortedDictionary<BundlePath, BundleFile> _files;

    internal ModelBundle(IEnumerable<BundleFile> files)
    {
        _files = [];
        foreach (var file in files)
        {
            if (!_files.TryAdd(file.Entry.Path, file))
            {
                throw new ServingException(ServingCode.BundleInvalid, "The bundle has two files of the same path.");
            }
        }

        Manifest = new ModelManifest(_files.Values.Select(file => file.Entry));
    }

    /// <summary>What was uploaded, and its digest.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The files, sorted by path.</summary>
    public IReadOnlyCollection<BundleFile> Files => _files.Values;

    /// <summary>The ONNX file that runs: <c>model.onnx</c>, else the only <c>*.onnx</c> of the top folder, else <c>onnx/model.onnx</c>.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: none of these exists.</exception>
    public BundleFile ModelFile => Find("model.onnx") ?? OnlyOnnxAtTop() ?? Find("onnx/model.onnx")
        ?? throw new ServingException(ServingCode.BundleInvalid, "No file of the bundle is the model.",
            "name it model.onnx, let it be the only .onnx file at the top, or place it at onnx/model.onnx.");

    /// <summary>The file of a path; null when the bundle has none.</summary>
    public BundleFile? Find(BundlePath path) => _files.GetValueOrDefault(path);

    /// <summary>Zeroes the bytes.</summary>
    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Zero();
        }
    }

    private BundleFile? Find(string path) => Find(BundlePath.Parse(path));

    private BundleFile? OnlyOnnxAtTop()
    {
        var candidates = _files.Values
            .Where(file => file.Entry.Path.FolderPrefix.Length == 0 && file.Entry.Path.Value.EndsWith(".onnx", StringComparison.Ordinal))
            .Take(2)
            .ToArray();
        return candidates.Length == 1 ? candidates[0] : null;
    }
}
