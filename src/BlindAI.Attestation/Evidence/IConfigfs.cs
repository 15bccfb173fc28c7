namespace BlindAI.Attestation.Evidence;

/// <summary>The operations on a folder of configfs. Files there act when they are written and read, so tests put a kernel of their own behind it.</summary>
/// <remarks>Every member throws what file operations throw; the number of the kernel's error is the HResult of an <see cref="IOException"/>.</remarks>
internal interface IConfigfs
{
    /// <summary>Where it is, for messages.</summary>
    string Path { get; }

    /// <summary>Makes a folder, which the kernel fills with attributes.</summary>
    void MakeEntry(string entry);

    /// <summary>Writes an attribute with one call.</summary>
    void Write(string entry, string attribute, ReadOnlySpan<byte> value);

    /// <summary>Reads an attribute to its end.</summary>
    byte[] Read(string entry, string attribute, int limit);

    /// <summary>Removes a folder with its attributes.</summary>
    void RemoveEntry(string entry);
}
