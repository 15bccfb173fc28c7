using System.Buffers.Binary;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.SevSnp;

/// <summary>Decides whether a proved SNP guest is acceptable: every member of the policy entry that is set, the first failing line gives the code.</summary>
/// <remarks>Source: docs/policy.md, section 3.6; docs/attestation.md, clause 12.</remarks>
internal static class SnpJudgement
{
    private const string Compare = "'blindai attest' shows what it is.";

    /// <exception cref="AttestationException">The first demand that fails gives the code: 509, 513, 510, 511, 515, 514.</exception>
    public static void Judge(VerifiedSnp evidence, SnpPolicyEntry policy)
    {
        var report = evidence.Report;
        Reject.Unless(!report.IsDebug || policy.DangerouslyAllowDebug, RejectionCode.DebugNotAccepted, "The guest may be debugged: the host may read its memory.");
        JudgeProduct(evidence.Product, policy);
        Reject.Unless(policy.Measurements.Contains(report.Measurement.Span), RejectionCode.MeasurementNotAccepted, "The launch measurement is not among those of the policy.", Compare);
        JudgeTcb("REPORTED_TCB", evidence.ReportedTcb, evidence.Product, policy.MinimumTcb);
        if (policy.MinimumLaunchTcb is { } launch)
        {
            JudgeTcb("LAUNCH_TCB", evidence.LaunchTcb, evidence.Product, launch);
        }

        Reject.Unless(policy.RequireCrl is null || evidence.CrlChecked, RejectionCode.CollateralMissing, "The policy demands AMD's revocation list, and none came along.", "fetch it, or ask the server to send it along.");
        JudgeGuest(report, policy);
        JudgePlatform(evidence, report, policy);
    }

    private static void JudgeProduct(SnpProduct product, SnpPolicyEntry policy) =>
        Reject.Unless(policy.Products.Contains(product), RejectionCode.ProductNotAccepted, product == SnpProduct.Milan
            ? "The processor is a Milan, which the policy does not name: the seed of its attestation keys was extracted by software (arXiv 2605.12990), so reports of any Milan can be forged."
            : $"The processor is a {product}, which the policy does not name.");

    // Components are compared one by one: as one number, a high one would hide a low one.
    private static void JudgeTcb(string field, SnpTcb tcb, SnpProduct product, IReadOnlyDictionary<SnpProduct, SnpTcb> minimums)
    {
        Reject.Unless(minimums.TryGetValue(product, out var minimum), RejectionCode.TcbNotAccepted, $"The policy has no least {field} for {product}.");
        JudgeComponent(field, "FMC", tcb.Fmc ?? 0, minimum.Fmc ?? 0);
        JudgeComponent(field, "the boot loader", tcb.Bootloader, minimum.Bootloader);
        JudgeComponent(field, "TEE", tcb.Tee, minimum.Tee);
        JudgeComponent(field, "SNP", tcb.Snp, minimum.Snp);
        JudgeComponent(field, "the microcode", tcb.Microcode, minimum.Microcode);
    }

    private static void JudgeComponent(string field, string component, byte seen, byte least) => Reject.Unless(seen >= least, RejectionCode.TcbNotAccepted,
        $"{field}: the version of {component} is {seen}, and the policy demands {least}.", "the machine's firmware must be updated.");

    private static void JudgeGuest(SnpReport report, SnpPolicyEntry policy)
    {
        Reject.Unless(!report.MayMigrate || policy.GuestPolicy?.Allows(SnpPolicyBit.MigrateMa) == true, RejectionCode.GuestNotAccepted,
            "A migration agent, which the host chooses, may take the guest's state elsewhere.", "only \"guestPolicy\": { \"migrateMa\": true } accepts that, knowingly.");
        RequireGuest(report.Vmpl == policy.Vmpl, "VMPL");
        RequireGuest(policy.HostData is null || policy.HostData.Equals(report.HostData.Span), "HOST_DATA");
        RequireGuest(policy.MinimumGuestSvn is null || report.GuestSvn >= policy.MinimumGuestSvn, "GUEST_SVN");
        RequireGuest(policy.FamilyId is null || policy.FamilyId.Equals(report.FamilyId.Span), "FAMILY_ID");
        RequireGuest(policy.ImageId is null || policy.ImageId.Equals(report.ImageId.Span), "IMAGE_ID");
        RequireGuest(policy.IdKeyDigests is null || policy.IdKeyDigests.Contains(report.IdKeyDigest.Span), "ID_KEY_DIGEST");
        RequireGuest(policy.AuthorKeyDigests is null || policy.AuthorKeyDigests.Contains(report.AuthorKeyDigest.Span), "AUTHOR_KEY_DIGEST");
        RequireGuest(policy.AuthorKeyEn is null || report.AuthorKeyEn == policy.AuthorKeyEn, "AUTHOR_KEY_EN");
        RequireGuest(policy.GuestPolicy is null || policy.GuestPolicy.HoldFor(report.Policy), "A bit of the guest POLICY");
    }

    private static void JudgePlatform(VerifiedSnp evidence, SnpReport report, SnpPolicyEntry policy)
    {
        RequirePlatform(policy.PlatformInfo is null || policy.PlatformInfo.HoldFor(report.PlatformInfo), "A bit of PLATFORM_INFO");
        RequirePlatform(policy.MinimumFirmware is null || report.CommittedVersion.IsAtLeast(policy.MinimumFirmware), "The committed firmware version");
        RequirePlatform(policy.MinimumReportVersion is null || report.Version >= policy.MinimumReportVersion, "VERSION");
        RequirePlatform(HasBits(report.LaunchMitVector, policy.LaunchMitVector), "LAUNCH_MIT_VECTOR");
        RequirePlatform(HasBits(report.CurrentMitVector, policy.CurrentMitVector), "CURRENT_MIT_VECTOR");
        RequirePlatform(policy.SigningKeys is null || policy.SigningKeys.Contains(report.SigningKey), "SIGNING_KEY");
        RequirePlatform(policy.CspIds is null || (evidence.CspId is { } csp && policy.CspIds.Contains(csp)), "The cloud provider of the VLEK");
        RequirePlatform(policy.MaskChipKey is null || report.MaskChipKey == policy.MaskChipKey, "MASK_CHIP_KEY");
    }

    // A report that is too old to have the vector proves none of its bits.
    private static bool HasBits(ulong? seen, HexValue? demanded)
    {
        if (demanded is null)
        {
            return true;
        }

        var bits = BinaryPrimitives.ReadUInt64BigEndian(demanded.Bytes);
        return seen is { } vector && (vector & bits) == bits;
    }

    private static void RequireGuest(bool holds, string field) =>
        Reject.Unless(holds, RejectionCode.GuestNotAccepted, $"{field} is not what the policy demands of the guest.", Compare);

    private static void RequirePlatform(bool holds, string field) =>
        Reject.Unless(holds, RejectionCode.PlatformNotAccepted, $"{field} is not what the policy demands of the platform.", Compare);
}
