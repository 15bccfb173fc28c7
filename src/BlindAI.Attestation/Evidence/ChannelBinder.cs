using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>Claims 5 and 6: ties evidence to one TLS connection, beyond its key.</summary>
/// <remarks>Source: docs/attestation.md, clause 2. The server takes the value from its own connection, never from a request.</remarks>
public sealed record ChannelBinder(ChannelBinderType Type, Sha256Digest Digest)
{
    private static ReadOnlySpan<byte> Label => "blindai-binder-1\0"u8;

    // SEC_CHANNEL_BINDINGS, which .NET puts in front of what RFC 5929 defines.
    private const int HeaderLength = 32;

    /// <summary>The verify_data of TLS 1.3 has the length of the suite's hash (RFC 8446 section 4.4.4): SHA-256 or SHA-384.</summary>
    private static bool IsFinished(int length) => length is 32 or 48;

    private static ReadOnlySpan<byte> Prefix => "tls-unique:"u8;

    /// <summary>Takes the binder of this end of a connection; null where the platform's TLS does not give one.</summary>
    /// <remarks>
    /// The Finished message: keyed by the handshake's secret, over its whole transcript, and never in clear on the wire, so both ends agree on it only if nobody stands between them.
    /// <c>tls-unique</c> is formally undefined for TLS 1.3 (RFC 8446 appendix C.5); hence our own label, and a type of its own for the exporter of RFC 9266, once .NET has one.
    /// </remarks>
    public static ChannelBinder? Take(SslStream connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ChannelBinding? binding;
        try
        {
            binding = connection.TransportContext.GetChannelBinding(ChannelBindingKind.Unique);
        }
        catch (Exception exception) when (exception is PlatformNotSupportedException or NotSupportedException)
        {
            return null;
        }

        using (binding)
        {
            if (binding is null || !IsFinished(binding.Size - HeaderLength - Prefix.Length))
            {
                return null;
            }

            var bytes = new byte[binding.Size];
            Marshal.Copy(binding.DangerousGetHandle(), bytes, 0, bytes.Length);
            var value = bytes.AsSpan(HeaderLength);
            return value.StartsWith(Prefix) ? Compute(ChannelBinderType.Finished, value[Prefix.Length..]) : null;
        }
    }

    /// <summary>SHA-256("blindai-binder-1" 0x00 ‖ u8 type ‖ value).</summary>
    public static ChannelBinder Compute(ChannelBinderType type, ReadOnlySpan<byte> value)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        hash.AppendData([(byte)type]);
        hash.AppendData(value);
        return new(type, new Sha256Digest(hash.GetHashAndReset()));
    }
}
