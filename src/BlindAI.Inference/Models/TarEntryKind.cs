namespace BlindAI.Inference.Models;

/// <summary>The kinds of tar entries that a bundle's archive may have.</summary>
internal enum TarEntryKind
{
    File,
    Folder,

    /// <summary>PAX records about the next entry.</summary>
    Attributes,

    /// <summary>PAX records about all entries.</summary>
    GlobalAttributes,

    /// <summary>GNU: the path of the next entry.</summary>
    LongPath,
}
