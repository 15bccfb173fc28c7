using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Dcap;

/// <summary>What a policy demands of an Intel platform, the same for SGX and TDX: its TCB status and its PCK certificate.</summary>
/// <remarks>Source: Intel PCS API v4 (TCB info, QE identity) and the PCK certificate extension 1.2.840.113741.1.13.1.</remarks>
public sealed class DcapRules
{
    private const int FmspcSize = 6;
    private const int PceIdSize = 2;

    /// <summary>Accepted TCB statuses; never <see cref="Dcap.TcbStatus.Revoked"/>.</summary>
    public required IReadOnlyList<TcbStatus> TcbStatus { get; init => field = PolicyGuard.List(value); }

    /// <summary>Advisories that may apply, such as <c>INTEL-SA-00615</c>; empty for none. Demanded with any status but UpToDate.</summary>
    public IReadOnlyList<string>? AllowAdvisories { get; init => field = value is { Count: 0 } ? [] : PolicyGuard.Texts(value); }

    /// <summary>The least tcbEvaluationDataNumber: how recent Intel's judgement must be.</summary>
    public int? MinimumTcbEvaluationDataNumber { get; init => field = (int?)PolicyGuard.InRange(value, 1, int.MaxValue); }

    /// <summary>The earliest tcbDate of the platform's level, in whole seconds: a grace period for updates.</summary>
    public DateTimeOffset? MinimumTcbDate { get; init => field = PolicyGuard.WholeSeconds(value); }

    /// <summary>Accepted platform families (FMSPC), 6 bytes each.</summary>
    public IReadOnlyList<HexValue>? Fmspcs { get; init => field = PolicyGuard.HexList(value, FmspcSize); }

    /// <summary>Accepted PCE identities, 2 bytes each.</summary>
    public IReadOnlyList<HexValue>? PceIds { get; init => field = PolicyGuard.HexList(value, PceIdSize); }

    /// <summary>Accepted kinds of memory protection.</summary>
    public IReadOnlyList<SgxType>? SgxTypes { get; init => field = PolicyGuard.List(value); }

    /// <summary>Accepted authorities of the PCK certificate.</summary>
    public IReadOnlyList<PckCa>? PckCas { get; init => field = PolicyGuard.List(value); }

    /// <summary>Whether packages may be added to the platform; known of platforms with the Platform CA only.</summary>
    public bool? DynamicPlatform { get; init; }

    /// <summary>Whether Intel keeps the platform's root keys; known of platforms with the Platform CA only.</summary>
    public bool? CachedKeys { get; init; }

    /// <summary>Whether simultaneous multithreading is on; known of platforms with the Platform CA only.</summary>
    public bool? SmtEnabled { get; init; }

    internal static DcapRules Read(PolicyObject members) => new()
    {
        TcbStatus = members.Required("tcbStatus").List(item => item.Choice<TcbStatus>(PolicyNames.Vendor)),
        AllowAdvisories = members.Optional("allowAdvisories")?.List(item => item.Text(), allowEmpty: true),
        MinimumTcbEvaluationDataNumber = (int?)members.Optional("minimumTcbEvaluationDataNumber")?.Integer(1, int.MaxValue),
        MinimumTcbDate = members.Optional("minimumTcbDate")?.Instant(),
        Fmspcs = members.Optional("fmspcs")?.HexList(FmspcSize),
        PceIds = members.Optional("pceIds")?.HexList(PceIdSize),
        SgxTypes = members.Optional("sgxTypes")?.List(item => item.Choice<SgxType>(PolicyNames.Vendor)),
        PckCas = members.Optional("pckCas")?.List(item => item.Choice<PckCa>(PolicyNames.Vendor)),
        DynamicPlatform = members.Optional("dynamicPlatform")?.Boolean(),
        CachedKeys = members.Optional("cachedKeys")?.Boolean(),
        SmtEnabled = members.Optional("smtEnabled")?.Boolean(),
    };

    /// <summary>Decides whether a platform is what the policy demands. Revoked is refused whatever the policy says.</summary>
    /// <exception cref="AttestationException">
    /// <see cref="RejectionCode.TcbNotAccepted"/>, <see cref="RejectionCode.AdvisoryNotAccepted"/>, <see cref="RejectionCode.PlatformNotAccepted"/>.
    /// </exception>
    internal void Judge(DcapPlatform platform)
    {
        var (tcb, pck) = (platform.Tcb, platform.Pck);
        Reject.Unless(tcb.Status != Dcap.TcbStatus.Revoked && TcbStatus.Contains(tcb.Status), RejectionCode.TcbNotAccepted,
            $"Intel judges the platform {tcb.Status}, which the policy's \"tcbStatus\" does not accept.");
        Reject.Unless(AllowAdvisories is null || tcb.Advisories.All(AllowAdvisories.Contains), RejectionCode.AdvisoryNotAccepted,
            $"Intel's advisory {tcb.Advisories.FirstOrDefault(id => AllowAdvisories?.Contains(id) is false)} applies to the platform, and the policy's \"allowAdvisories\" does not name it.");
        Reject.Unless(!(Math.Min(platform.TcbEvaluationDataNumber, platform.QeIdentityEvaluationDataNumber) < MinimumTcbEvaluationDataNumber), RejectionCode.TcbNotAccepted,
            $"Intel's judgement is of evaluation {Math.Min(platform.TcbEvaluationDataNumber, platform.QeIdentityEvaluationDataNumber)}, older than the policy's \"minimumTcbEvaluationDataNumber\".",
            "fetch current collateral.");
        Reject.Unless(!(tcb.Date < MinimumTcbDate), RejectionCode.TcbNotAccepted, $"The platform's TCB is of {tcb.Date:yyyy-MM-dd}, older than the policy's \"minimumTcbDate\".");
        Require(Fmspcs is null || Fmspcs.Contains(pck.Fmspc.Span), "fmspcs");
        Require(PceIds is null || PceIds.Contains(pck.PceId.Span), "pceIds");
        Require(SgxTypes is null || SgxTypes.Contains(pck.SgxType), "sgxTypes");
        Require(PckCas is null || PckCas.Contains(platform.PckCa), "pckCas");
        Require(DynamicPlatform is null || DynamicPlatform == pck.DynamicPlatform, "dynamicPlatform");
        Require(CachedKeys is null || CachedKeys == pck.CachedKeys, "cachedKeys");
        Require(SmtEnabled is null || SmtEnabled == pck.SmtEnabled, "smtEnabled");

        static void Require(bool holds, string member) =>
            Reject.Unless(holds, RejectionCode.PlatformNotAccepted, $"The platform's PCK certificate is not what the policy's \"{member}\" demands.");
    }

    /// <summary>What prudence says without a policy: up to date, or up to date if the enclave's code does its part.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TcbNotAccepted"/>.</exception>
    internal static void JudgeByDefault(DcapPlatform platform) =>
        Reject.Unless(platform.Tcb.Status is Dcap.TcbStatus.UpToDate or Dcap.TcbStatus.SWHardeningNeeded, RejectionCode.TcbNotAccepted,
            $"Intel judges the platform {platform.Tcb.Status}.", "the operator updates the platform, or a policy accepts the status knowingly.");

    internal void Describe(PolicyMembers members)
    {
        members.OneOf("tcbStatus", "Intel's judgement of the platform", TcbStatus);
        members.Only("allowAdvisories", "Intel's security advisories that apply to the platform", AllowAdvisories);
        members.AtLeast("minimumTcbEvaluationDataNumber", "The number of Intel's judgement", MinimumTcbEvaluationDataNumber);
        members.NotBefore("minimumTcbDate", "The date of the platform's TCB level", MinimumTcbDate);
        members.OneOf("fmspcs", "The platform family (FMSPC)", Fmspcs);
        members.OneOf("pceIds", "The PCE identity", PceIds);
        members.OneOf("sgxTypes", "The kind of memory protection", SgxTypes);
        members.OneOf("pckCas", "The authority that certified the platform", PckCas);
        members.Flag("dynamicPlatform", "Adding packages to the platform", DynamicPlatform);
        members.Flag("cachedKeys", "Keeping of the platform's keys at Intel", CachedKeys);
        members.Flag("smtEnabled", "Simultaneous multithreading", SmtEnabled);
    }

    internal PolicyFault? FindFault(TeeKind tee) =>
        TcbStatus.Contains(Dcap.TcbStatus.Revoked)
            ? new(".tcbStatus", "names Revoked, which no policy may accept", "remove it.")
        : tee == TeeKind.Sgx && TcbStatus.Any(status => status is Dcap.TcbStatus.TDRelaunchAdvised or Dcap.TcbStatus.TDRelaunchAdvisedConfigurationNeeded)
            ? new(".tcbStatus", "names a status that only TDX has", "remove it.")
        : AllowAdvisories is null && TcbStatus.Any(status => status is not Dcap.TcbStatus.UpToDate)
            ? new(".allowAdvisories", "is missing", "a status other than UpToDate comes with advisories: list those that your enclave mitigates, or [] for none.")
        : null;
}
