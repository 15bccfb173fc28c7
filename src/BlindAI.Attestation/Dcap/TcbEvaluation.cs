namespace BlindAI.Attestation.Dcap;

/// <summary>Intel's judgement of a platform, put together from its parts.</summary>
/// <remarks>Source: the reference algorithm of Intel's quote verification library (tcbLevel matching, convergence, TD relaunch); docs/attestation.md, clause 9.</remarks>
public sealed record TcbEvaluation
{
    /// <summary>The judgement as a whole.</summary>
    public required TcbStatus Status { get; init; }

    /// <summary>Of the platform's level alone.</summary>
    public required TcbStatus PlatformStatus { get; init; }

    /// <summary>Of the TDX module at launch; null for SGX and first-generation modules.</summary>
    public required TcbStatus? ModuleStatus { get; init; }

    /// <summary>Of the quoting enclave.</summary>
    public required TcbStatus QeStatus { get; init; }

    /// <summary>The judgement as if the trust domain were launched now; null where the report does not say what runs now.</summary>
    public TcbStatus? CurrentStatus { get; init; }

    /// <summary>The oldest of the dates of platform, module and quoting enclave.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The advisories that apply to any of them, sorted.</summary>
    public required IReadOnlyList<string> Advisories { get; init; }

    /// <summary>The advisories that apply to the quoting enclave.</summary>
    public required IReadOnlyList<string> QeAdvisories { get; init; }

    /// <summary>Judges an SGX platform.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TcbNotSupported"/>.</exception>
    internal static TcbEvaluation OfSgx(TcbInfo info, PckCertificate pck, TcbJudgement qe) => Evaluate(info, pck, qe, default);

    /// <summary>Judges a TDX platform: as at launch, and where the report says what runs now, also as of now.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TcbNotSupported"/>.</exception>
    internal static TcbEvaluation OfTdx(TcbInfo info, PckCertificate pck, TcbJudgement qe, ReadOnlySpan<byte> launchSvn, ReadOnlySpan<byte> currentSvn)
    {
        var launch = Evaluate(info, pck, qe, launchSvn);
        if (currentSvn.IsEmpty)
        {
            return launch;
        }

        var current = Evaluate(info, pck, qe, currentSvn);
        return launch with
        {
            Status = Combine(launch.Status, current.Status),
            CurrentStatus = current.Status,
            Date = launch.Date < current.Date ? launch.Date : current.Date,
            Advisories = [.. launch.Advisories.Union(current.Advisories).Order(StringComparer.Ordinal)],
        };
    }

    // Intel's algorithm, and stricter in one point: a module that is out of date or revoked now counts, whatever it was at launch.
    private static TcbStatus Combine(TcbStatus launch, TcbStatus current) =>
        launch == TcbStatus.Revoked || current == TcbStatus.Revoked ? TcbStatus.Revoked
        : !IsOutOfDate(launch) ? (IsOutOfDate(current) ? current : launch)
        : IsOutOfDate(current) ? launch
        : NeedsConfiguration(launch) || NeedsConfiguration(current) ? TcbStatus.TDRelaunchAdvisedConfigurationNeeded
        : TcbStatus.TDRelaunchAdvised;

    private static bool IsOutOfDate(TcbStatus status) => status is TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded;

    /// <summary>The identity that Intel publishes for a TDX module's generation; null for none.</summary>
    internal static ModuleIdentity? FindModule(TcbInfo info, ReadOnlySpan<byte> teeTcbSvn)
    {
        var generation = teeTcbSvn[1];
        return generation == 0
            ? info.Module
            : info.ModuleIdentities.FirstOrDefault(module => string.Equals(module.Id, $"TDX_{generation:X2}", StringComparison.OrdinalIgnoreCase));
    }

    private static TcbEvaluation Evaluate(TcbInfo info, PckCertificate pck, TcbJudgement qe, ReadOnlySpan<byte> teeTcbSvn)
    {
        var platform = FindPlatform(info, pck, teeTcbSvn);
        var module = teeTcbSvn.IsEmpty || teeTcbSvn[1] == 0 ? null : FindModuleLevel(info, teeTcbSvn);
        TcbJudgement[] components = module is null ? [qe] : [module, qe];
        return new()
        {
            Status = Converge(platform.Status, components),
            PlatformStatus = platform.Status,
            ModuleStatus = module?.Status,
            QeStatus = qe.Status,
            Date = components.Append(platform).Min(part => part.Date),
            Advisories = [.. components.Append(platform).SelectMany(part => part.Advisories).Distinct().Order(StringComparer.Ordinal)],
            QeAdvisories = qe.Advisories,
        };
    }

    // The first level, in Intel's order, of which every component is reached.
    private static TcbJudgement FindPlatform(TcbInfo info, PckCertificate pck, ReadOnlySpan<byte> teeTcbSvn)
    {
        foreach (var level in info.Levels)
        {
            if (pck.PceSvn >= level.PceSvn && Reaches([.. pck.Components], [.. level.Sgx], 0)
                && (teeTcbSvn.IsEmpty || Reaches(teeTcbSvn, [.. level.Tdx!], FirstPlatformComponent(teeTcbSvn))))
            {
                return level.Judgement;
            }
        }

        throw new AttestationException(RejectionCode.TcbNotSupported, "The platform is below every TCB level that Intel judges.", "the operator must update the platform's firmware.");
    }

    // From generation 1 on, the first two numbers are the module's own version, which its identity judges.
    private static int FirstPlatformComponent(ReadOnlySpan<byte> teeTcbSvn) => teeTcbSvn[1] > 0 ? 2 : 0;

    private static TcbJudgement FindModuleLevel(TcbInfo info, ReadOnlySpan<byte> teeTcbSvn) =>
        (FindModule(info, teeTcbSvn) is { } module ? IsvLevel.Find(module.Levels, teeTcbSvn[0]) : null)
        ?? throw new AttestationException(RejectionCode.TcbNotSupported, $"Intel does not judge version {teeTcbSvn[1]}.{teeTcbSvn[0]} of the TDX module.");

    private static bool Reaches(ReadOnlySpan<byte> have, ReadOnlySpan<byte> need, int start)
    {
        for (var index = start; index < need.Length; index++)
        {
            if (have[index] < need[index])
            {
                return false;
            }
        }

        return true;
    }

    private static TcbStatus Converge(TcbStatus platform, TcbJudgement[] components)
    {
        if (components.Any(part => part.Status == TcbStatus.Revoked))
        {
            return TcbStatus.Revoked;
        }

        return components.Any(part => part.Status == TcbStatus.OutOfDate)
            ? platform switch
            {
                TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded => TcbStatus.OutOfDate,
                TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded => TcbStatus.OutOfDateConfigurationNeeded,
                _ => platform,
            }
            : platform;
    }

    private static bool NeedsConfiguration(TcbStatus status) =>
        status is TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded or TcbStatus.OutOfDateConfigurationNeeded;
}
