using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace BlindAI.Attestation.Collateral;

/// <summary>Keeps what was fetched, in files of one folder. It holds what vendors publish: nothing secret, and nothing that is believed.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 16. One file for each address, named by the SHA-256 of it. An entry that is damaged, of another address or over its time
/// is a miss. Files appear whole or not at all; several processes may share the folder.
/// </remarks>
public sealed class CollateralCache
{
    /// <summary>Most entries of a folder; the oldest make room.</summary>
    public const int MaxEntries = 512;

    /// <summary>Most bytes of all entries together; the oldest make room.</summary>
    public const long MaxTotalBytes = 64 * 1024 * 1024;

    private const int Version = 1;

    /// <summary>An answer and its chain in base64, and the rest.</summary>
    private const int MaxFileBytes = 4 * 1024 * 1024;

    private const string Ending = ".collateral";
    private const string TemporaryEnding = ".collateral-part";

    private readonly string _folder;

    /// <summary>Keeps entries in a folder, which is made if it does not exist.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be made.</exception>
    public CollateralCache(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _folder = Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>What was kept of an address; null when there is nothing that may be used at that instant.</summary>
    internal CollateralAnswer? Find(Uri url, TimeSpan maxAge, DateTimeOffset now)
    {
        try
        {
            using var file = new FileStream(PathOf(url), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaxFileBytes)
            {
                return null;
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return Read(bytes, url, maxAge, now);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // Absent, unreadable or damaged: as good as nothing, since it can be fetched again.
            return null;
        }
    }

    /// <summary>Keeps an answer until an instant.</summary>
    internal void Keep(Uri url, CollateralAnswer answer, DateTimeOffset now, DateTimeOffset expiry)
    {
        var temporary = Path.Combine(_folder, Guid.NewGuid().ToString("n") + TemporaryEnding);
        try
        {
            var bytes = Encode(url, answer, now, expiry);
            MakeRoom(bytes.Length);
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, PathOf(url), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full or read-only disk costs another request next time and decides nothing.
            Forget(temporary);
        }
    }

    private static CollateralAnswer? Read(byte[] bytes, Uri url, TimeSpan maxAge, DateTimeOffset now)
    {
        using var document = JsonDocument.Parse(bytes);
        var entry = document.RootElement;
        var body = entry.GetProperty("body").GetBytesFromBase64();
        var chain = entry.TryGetProperty("chain", out var value) ? value.GetBytesFromBase64() : null;
        var isWhole = entry.GetProperty("version").GetInt32() == Version
            && entry.GetProperty("url").GetString() == url.AbsoluteUri
            && entry.GetProperty("sha256").GetString() == DigestOf(body, chain);
        var fetched = entry.GetProperty("fetchedAt").GetDateTimeOffset();
        var isCurrent = fetched <= now && now < entry.GetProperty("expiresAt").GetDateTimeOffset() && now - fetched < maxAge;
        return isWhole && isCurrent ? new(body, chain is null ? (ReadOnlyMemory<byte>?)null : chain) : null;
    }

    private static byte[] Encode(Uri url, CollateralAnswer answer, DateTimeOffset now, DateTimeOffset expiry)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteString("url", url.AbsoluteUri);
            writer.WriteString("fetchedAt", Instant(now));
            writer.WriteString("expiresAt", Instant(expiry));
            writer.WriteString("sha256", DigestOf(answer.Body.Span, answer.Chain is { } signer ? signer.Span : default));
            writer.WriteBase64String("body", answer.Body.Span);
            if (answer.Chain is { } chain)
            {
                writer.WriteBase64String("chain", chain.Span);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // Found by a crash or a bad disk, not by an attacker: he would write the right digest.
    private static string DigestOf(ReadOnlySpan<byte> body, ReadOnlySpan<byte> chain) => Sha256Digest.Of([.. Sha256Digest.Of(body).Bytes, .. Sha256Digest.Of(chain).Bytes]).ToString();

    private static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is left over, and goes when room is made.
        }
    }

    private void MakeRoom(long needed)
    {
        var files = new DirectoryInfo(_folder).EnumerateFiles()
            .Where(file => file.Extension is Ending or TemporaryEnding)
            .OrderBy(file => file.LastWriteTimeUtc).ToList();
        var total = files.Sum(file => file.Length);
        for (var index = 0; index < files.Count && (files.Count - index >= MaxEntries || total + needed > MaxTotalBytes); index++)
        {
            total -= files[index].Length;
            Forget(files[index].FullName);
        }
    }

    private string PathOf(Uri url) => Path.Combine(_folder, Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(url.AbsoluteUri)) + Ending);
}
