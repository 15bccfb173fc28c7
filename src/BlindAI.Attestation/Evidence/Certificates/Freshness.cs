namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>Whether collateral is current.</summary>
internal static class Freshness
{
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralNotYetValid"/>, <see cref="RejectionCode.CollateralExpired"/>.</exception>
    public static void Require(string what, DateTimeOffset issued, DateTimeOffset next, DateTimeOffset now)
    {
        Reject.Unless(issued <= now, RejectionCode.CollateralNotYetValid, $"{what} was issued at {issued:u}, after {now.ToUniversalTime():u}.", "check the clock of this machine.");
        Reject.Unless(now <= next, RejectionCode.CollateralExpired, $"{what} expired at {next:u}, before {now.ToUniversalTime():u}.", "fetch current collateral.");
    }
}
