using System.Buffers;
using System.Buffers.Text;

namespace BlindAI.Attestation.Evidence;

/// <summary>Base64url without padding, in the one encoding that each value has (RFC 4648 sections 3.5 and 5).</summary>
public static class StrictBase64Url
{
    /// <summary>Encodes bytes.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>Decodes text; false for padding, white space, foreign characters and stray bits.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, out byte[] bytes)
    {
        bytes = new byte[Base64Url.GetMaxDecodedLength(utf8.Length)];
        if (Base64Url.DecodeFromUtf8(utf8, bytes, out var consumed, out var written) != OperationStatus.Done || consumed != utf8.Length)
        {
            return false;
        }

        Array.Resize(ref bytes, written);

        // The library's decoder is lenient; encoding again shows whether this was the one encoding.
        var again = new byte[Base64Url.GetEncodedLength(written)];
        return Base64Url.TryEncodeToUtf8(bytes, again, out _) && utf8.SequenceEqual(again);
    }
}
