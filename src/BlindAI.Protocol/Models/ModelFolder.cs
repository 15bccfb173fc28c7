using System.Formats.Tar;

namespace BlindAI.Protocol.Models;

/// <summary>A local file or folder seen as a bundle: it lists, digests and sends.</summary>
/// <remarks>
/// A single file is <c>model.onnx</c> in its bundle. Links and dot files are refused, not skipped: what is uploaded is what the owner sees.
/// </remarks>
public sealed class ModelFolder
{
    // Large enough for SHA-256 to run at full speed, small enough for progress that moves.
    private const int BufferSize = 1 << 18;

    private ModelFolder(BundleFormat format, IReadOnlyList<ModelFile> files)
    {
        Format = format;
        Files = files;
        TotalBytes = files.Sum(file => file.Size);
    }

    /// <summary>How the bundle travels: a single file as it is, a folder as an archive.</summary>
    public BundleFormat Format { get; }

    /// <summary>The files, sorted by their path in the bundle.</summary>
    public IReadOnlyList<ModelFile> Files { get; }

    /// <summary>Bytes of all files together, when they were listed.</summary>
    public long TotalBytes { get; }

    /// <summary>Lists a file, or a folder with everything below it.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.BundleInvalid"/>: nothing is there, a link, a dot file or another forbidden name, no file at all, or more than 1,000.
    /// </exception>
    public static ModelFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full))
        {
            var file = new FileInfo(full);
            RefuseLink(file);
            return new(BundleFormat.Onnx, [new(BundlePath.SingleModel, full, file.Length)]);
        }

        if (!Directory.Exists(full))
        {
            throw new ServingException(ServingCode.BundleInvalid, "The model's file or folder does not exist.");
        }

        var files = new List<ModelFile>();
        var folder = new DirectoryInfo(full);
        RefuseLink(folder);
        List(folder, "", files);
        return files.Count > 0
            ? new(BundleFormat.Tar, [.. files.OrderBy(file => file.Path)])
            : throw new ServingException(ServingCode.BundleInvalid, "The model's folder has no files.");
    }

    /// <summary>Hashes every file. Progress counts bytes, up to <see cref="TotalBytes"/>.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: a file changed its length meanwhile.</exception>
    public Task<ModelManifest> ComputeManifestAsync(IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        ReadAsync(Stream.Null, archive: null, progress, cancellationToken);

    /// <summary>Writes the upload body of <see cref="Format"/> and answers the manifest of exactly what was written.</summary>
    /// <remarks>The archive is the same for the same files: sorted, no times, no owners.</remarks>
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: a file changed its length meanwhile.</exception>
    public async Task<ModelManifest> WriteToAsync(Stream body, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (Format == BundleFormat.Onnx)
        {
            return await ReadAsync(body, archive: null, progress, cancellationToken).ConfigureAwait(false);
        }

        // GNU and not PAX: the names of PAX headers carry the process id.
        var archive = new TarWriter(body, TarEntryFormat.Gnu, leaveOpen: true);
        await using (archive.ConfigureAwait(false))
        {
            return await ReadAsync(Stream.Null, archive, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void List(DirectoryInfo folder, string prefix, List<ModelFile> files)
    {
        foreach (var item in folder.EnumerateFileSystemInfos())
        {
            RefuseLink(item);
            var path = BundlePath.TryParse(prefix + item.Name, out var valid)
                ? valid
                : throw new ServingException(ServingCode.BundleInvalid, $"\"{prefix + item.Name}\" is not a valid path in a bundle.",
                    "move it out of the folder or rename it: letters, digits, '_', '.' and '-', beginning with a letter, digit or '_'.");
            if (item is DirectoryInfo subfolder)
            {
                List(subfolder, path.Value + "/", files);
            }
            else
            {
                files.Add(new(path, item.FullName, ((FileInfo)item).Length));
            }

            if (files.Count > ModelManifest.MaxFiles)
            {
                throw new ServingException(ServingCode.BundleInvalid, $"The model's folder has more than {ModelManifest.MaxFiles} files.");
            }
        }
    }

    private static void RefuseLink(FileSystemInfo item)
    {
        if (item.Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            throw new ServingException(ServingCode.BundleInvalid, $"\"{item.Name}\" is a link, which a bundle cannot hold.", "put the file itself in its place.");
        }
    }

    private async Task<ModelManifest> ReadAsync(Stream body, TarWriter? archive, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var entries = new List<ManifestEntry>(Files.Count);
        var done = 0L;
        foreach (var file in Files)
        {
            var input = new FileStream(file.LocalPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            await using (input.ConfigureAwait(false))
            {
                var hashing = new HashingStream(input, file, done, progress);
                await using (hashing.ConfigureAwait(false))
                {
                    if (archive is null)
                    {
                        await hashing.CopyToAsync(body, BufferSize, cancellationToken).ConfigureAwait(false);
                    }
                    else
                    {
                        var entry = new GnuTarEntry(TarEntryType.RegularFile, file.Path.Value)
                        {
                            DataStream = hashing,
                            ModificationTime = DateTimeOffset.UnixEpoch,
                            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                        };
                        await archive.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
                    }

                    done += file.Size;
                    entries.Add(new(file.Path, file.Size, hashing.Finish()));
                }
            }
        }

        return new(entries);
    }
}
