namespace BlindAI.Attestation.Collateral;

/// <summary>Where collateral is fetched from, and how long to try. None of it decides what is trusted: what is fetched is verified again.</summary>
/// <remarks>Source of the addresses: docs/attestation.md, clause 16.</remarks>
public sealed record CollateralOptions
{
    /// <summary>Intel's service for TCB info, QE identities and revocation lists, or a self-hosted cache (PCCS). https, or any on loopback.</summary>
    public Uri IntelUrl { get; init => field = Guarded(value); } = new("https://api.trustedservices.intel.com");

    /// <summary>The revocation list of Intel's root. Null takes it from <see cref="IntelUrl"/>, as a PCCS serves it.</summary>
    public Uri? IntelRootCrlUrl { get; init => field = value is null ? null : Guarded(value); } = new("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");

    /// <summary>AMD's key distribution service, or a mirror of it.</summary>
    public Uri AmdUrl { get; init => field = Guarded(value); } = new("https://kdsintf.amd.com");

    /// <summary>Longest time for one attempt at one address: 1 s to 5 min. Default 15 s.</summary>
    public TimeSpan Timeout
    {
        get;
        init => field = value >= TimeSpan.FromSeconds(1) && value <= TimeSpan.FromMinutes(5) ? value : throw new ArgumentOutOfRangeException(nameof(value), "The time is 1 s to 5 min.");
    } = TimeSpan.FromSeconds(15);

    /// <summary>Where answers are kept; null for nowhere.</summary>
    public CollateralCache? Cache { get; init; }

    /// <summary>The clock. The default is the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Fetches everything of Intel's from a self-hosted cache (PCCS), such as <c>https://pccs.example.org:8081</c>.</summary>
    public CollateralOptions WithPccs(Uri url) => this with { IntelUrl = url, IntelRootCrlUrl = null };

    private static Uri Guarded(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) && url is { UserInfo: "", Query: "", Fragment: "" }
            ? url
            : throw new ArgumentException("The address begins with https:// (http:// only on loopback), without user, query and fragment.", nameof(url));
    }
}
