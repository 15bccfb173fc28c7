using System.Text;

namespace BlindAI.Protocol.Models;

/// <summary>The files of a bundle, in the one form that has one digest.</summary>
/// <remarks>
/// Its text is <c>[{"path":"…","size":N,"sha256":"…"},…]</c>: this member order, no white space, sorted by path as bytes.
/// docs/model-digest.md makes the same text with <c>sha256sum</c>; vectors/model-digest holds cases.
/// </remarks>
public sealed class ModelManifest
{
    /// <summary>Most files of a bundle: ten times what published multi-file exports have.</summary>
    public const int MaxFiles = 1000;

    private readonly ManifestEntry[] _entries;

    /// <summary>Sorts the entries and computes the digest.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: no file, more than 1,000, a path twice, or a file that is also a folder.</exception>
    public ModelManifest(IEnumerable<ManifestEntry> entries)
    {
        _entries = [.. entries.OrderBy(entry => entry.Path)];
        if (_entries.Length is 0 or > MaxFiles)
        {
            throw new ServingException(ServingCode.BundleInvalid, $"A bundle has 1 to {MaxFiles} files; this one has {_entries.Length}.");
        }

        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in _entries)
        {
            if (!paths.Add(entry.Path.Value))
            {
                throw new ServingException(ServingCode.BundleInvalid, "The bundle has two files of the same path.");
            }
        }

        if (_entries.Any(entry => paths.Overlaps(entry.Path.Folders)))
        {
            throw new ServingException(ServingCode.BundleInvalid, "The bundle has a file and a folder of the same path.");
        }

        TotalBytes = _entries.Sum(entry => entry.Size);
        Digest = ModelDigest.Of(Encode());
    }

    /// <summary>The files, sorted by path.</summary>
    public IReadOnlyList<ManifestEntry> Entries => _entries;

    /// <summary>Bytes of all files together.</summary>
    public long TotalBytes { get; }

    /// <summary>The model digest.</summary>
    public ModelDigest Digest { get; }

    /// <summary>The entry of a path; null when the bundle has none.</summary>
    public ManifestEntry? Find(BundlePath path) => Array.Find(_entries, entry => entry.Path == path);

    /// <summary>The text of the manifest (ASCII).</summary>
    public byte[] Encode()
    {
        // No value can hold a character that JSON escapes, so the text needs no JSON writer, and no writer's options can change it.
        var text = new StringBuilder("[");
        foreach (var entry in _entries)
        {
            _ = text.Append(text.Length > 1 ? "," : "")
                .Append("{\"path\":\"").Append(entry.Path).Append("\",\"size\":").Append(entry.Size).Append(",\"sha256\":\"").Append(entry.Sha256).Append("\"}");
        }

        return Encoding.ASCII.GetBytes(text.Append(']').ToString());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Digest} ({_entries.Length} files, {TotalBytes} bytes)";
}
