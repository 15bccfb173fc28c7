using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation;

namespace BlindAI.Cli.Captured;

/// <summary>The root that a caller believes in, in place of the vendor's: for vendors' samples and test keys.</summary>
internal static class TrustedRoot
{
    private const int MaxFileLength = 64 * 1024;

    private const string PublicKeyLabel = "PUBLIC KEY";

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of a certificate (PEM or DER), or of a public key (PEM).</summary>
    /// <exception cref="UsageException">The file cannot be read or holds neither.</exception>
    public static Sha256Digest Read(string file)
    {
        var bytes = LocalFile.Read(file, MaxFileLength);
        try
        {
            var text = Ascii.IsValid(bytes) ? Encoding.ASCII.GetString(bytes) : "";
            if (PemEncoding.TryFind(text, out var fields) && text[fields.Label] == PublicKeyLabel)
            {
                return Sha256Digest.Of(Convert.FromBase64String(text[fields.Base64Data]));
            }

            using var certificate = X509CertificateLoader.LoadCertificate(bytes);
            return Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            throw new UsageException($"The file {file} is no certificate.", "pass the root's certificate in PEM or DER.");
        }
    }
}
