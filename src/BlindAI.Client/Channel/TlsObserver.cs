using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace BlindAI.Client.Channel;

/// <summary>Remembers the one certificate that an attestation connection showed. It trusts nothing: the evidence decides.</summary>
internal sealed class TlsObserver
{
    private byte[]? _certificate;

    private IReadOnlyList<ReadOnlyMemory<byte>> _intermediates = [];

    /// <summary>The leaf in DER; null before the handshake.</summary>
    public ReadOnlyMemory<byte>? Certificate => _certificate;

    /// <summary>What else the handshake brought.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Intermediates => _intermediates;

    /// <summary>The callback of an exchange that carries a nonce and nothing else. A second, different certificate ends the exchange.</summary>
    public bool Observe(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return false;
        }

        var seen = certificate.GetRawCertData();
        if (_certificate is not null)
        {
            return seen.AsSpan().SequenceEqual(_certificate);
        }

        _intermediates = chain is null ? [] : [.. chain.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData)];
        _certificate = seen;
        return true;
    }
}
