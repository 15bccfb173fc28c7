using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;

namespace BlindAI.Testing;

/// <summary>A chain of P-384 certificates under a test root, as AWS and NVIDIA issue them; every part is open to be forged.</summary>
public sealed class ForgedP384Chain : IDisposable
{
    private readonly List<ECDsa> _keys = [];

    /// <summary>Issues one certificate for each name, the root first. All but the last are authorities.</summary>
    public ForgedP384Chain(IReadOnlyList<string> names, DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset? leafNotAfter = null, ECCurve? leafCurve = null, params X509Extension[] leafExtensions)
    {
        for (var index = 0; index < names.Count; index++)
        {
            var isLeaf = index == names.Count - 1;
            var key = ECDsa.Create(isLeaf && leafCurve is { } curve ? curve : ECCurve.NamedCurves.nistP384);
            _keys.Add(key);
            var request = new CertificateRequest(new X500DistinguishedName($"CN={names[index]}"), key, HashAlgorithmName.SHA384);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(!isLeaf, false, 0, true));
            if (isLeaf)
            {
                Array.ForEach(leafExtensions, request.CertificateExtensions.Add);
            }

            var issuer = index == 0 ? request.SubjectName : new X500DistinguishedName($"CN={names[index - 1]}");
            var signer = X509SignatureGenerator.CreateForECDsa(_keys[Math.Max(index - 1, 0)]);
            using var certificate = request.Create(issuer, signer, notBefore, isLeaf ? leafNotAfter ?? notAfter : notAfter, [(byte)(index + 1)]);
            Certificates.Insert(0, certificate.RawData);
        }
    }

    /// <summary>The certificates, DER, leaf first.</summary>
    public List<byte[]> Certificates { get; } = [];

    public ECDsa LeafKey => _keys[^1];

    /// <summary>The pin of the root.</summary>
    public Sha256Digest Root => Sha256Digest.OfPublicKey(_keys[0]);

    /// <summary>The certificates as PEM, leaf first.</summary>
    public string Pem() => string.Join('\n', Certificates.Select(der => PemEncoding.WriteString("CERTIFICATE", der)));

    public void Dispose() => _keys.ForEach(key => key.Dispose());
}
