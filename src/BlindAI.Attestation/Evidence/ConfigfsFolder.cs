namespace BlindAI.Attestation.Evidence;

/// <summary>A folder of the kernel's configfs.</summary>
internal sealed class ConfigfsFolder(string path) : IConfigfs
{
    public string Path => path;

    public void MakeEntry(string entry)
    {
        // CreateDirectory would try to make the folders above it as well.
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException();
        }

        Directory.CreateDirectory(Locate(entry));
    }

    public void Write(string entry, string attribute, ReadOnlySpan<byte> value) => DeviceFile.Write(System.IO.Path.Combine(Locate(entry), attribute), value);

    public byte[] Read(string entry, string attribute, int limit) => DeviceFile.Read(System.IO.Path.Combine(Locate(entry), attribute), limit);

    public void RemoveEntry(string entry) => Directory.Delete(Locate(entry));

    private string Locate(string entry) => System.IO.Path.Combine(path, entry);
}
