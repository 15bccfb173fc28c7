using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>Step 11: whose machine is it? Evidence says what runs; this is the defence against being led to another genuine machine.</summary>
internal static class MachineCheck
{
    /// <summary>id-kp-serverAuth, RFC 5280 section 4.2.1.12.</summary>
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <exception cref="AttestationException">
    /// <see cref="RejectionCode.MachineNotAccepted"/>, <see cref="RejectionCode.ChainUntrusted"/>; <see cref="RejectionCode.PolicyInvalid"/>: its file cannot be read.
    /// </exception>
    public static void Judge(VerifiedEvidence evidence, MachineRule rule, X509Certificate2? certificate, TlsObservation? seen, DateTimeOffset now)
    {
        switch (rule)
        {
            case MachineRule.Any:
                break;
            case MachineRule.Listed listed:
                JudgeIdentity(listed, evidence);
                break;
            case MachineRule.Tls tls when certificate is not null && seen is not null:
                JudgeChain(tls, certificate, seen, now);
                break;
            case MachineRule.Tls:
                throw new AttestationException(RejectionCode.PolicyUnsupported, "The policy judges the enclave's TLS certificate, and somebody else ends TLS on the way.",
                    "name the machines by their ids, or connect past him.");
            default:
                throw new AttestationException(RejectionCode.Internal, "The policy has a machine rule without a check.");
        }
    }

    /// <summary>One id that is on a list is enough: a chip id and a PPID name machines of different vendors.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.MachineNotAccepted"/>.</exception>
    public static void JudgeIdentity(MachineRule.Listed rule, VerifiedEvidence evidence)
    {
        var machine = evidence.Machine;
        Reject.Unless(machine != MachineIdentity.None, RejectionCode.MachineNotAccepted,
            $"Evidence of {evidence.Tee} carries no machine identity that could be on the policy's list.", "the machine may hide it (a masked chip), or its certificate may lack it.");
        Reject.Unless(Names(rule.ChipIds, machine.ChipId) || Names(rule.Ppids, machine.Ppid) || Names(rule.PlatformInstanceIds, machine.PlatformInstanceId),
            RejectionCode.MachineNotAccepted, "The machine is not on the policy's list.", "if it is yours, add its id to \"machines\"; 'blindai attest' shows it.");
    }

    private static bool Names(IReadOnlyList<HexValue>? accepted, ReadOnlyMemory<byte>? id) => id is { } bytes && accepted is not null && accepted.Contains(bytes.Span);

    private static void JudgeChain(MachineRule.Tls rule, X509Certificate2 certificate, TlsObservation seen, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        foreach (var intermediate in seen.TlsIntermediates)
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(intermediate.Span));
        }

        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (rule.CaFile is { } file)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            ImportRoots(chain.ChainPolicy.CustomTrustStore, file);
        }

        Reject.Unless(chain.Build(certificate), RejectionCode.ChainUntrusted, "The TLS certificate does not chain to the authority that the policy's \"machines\" names.");
        Reject.Unless(certificate.MatchesHostname(seen.Host, allowWildcards: true, allowCommonName: false), RejectionCode.ChainUntrusted,
            "The TLS certificate is not for the host that was dialled.");
    }

    private static void ImportRoots(X509Certificate2Collection roots, string file)
    {
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AttestationException(RejectionCode.PolicyInvalid, "The certificate file that the policy's \"machines\" names cannot be read.", "check its path; a relative one lies beside the policy.", exception);
        }
    }
}
