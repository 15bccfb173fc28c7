namespace BlindAI.Attestation.Evidence;

/// <summary>Asks again, a bounded number of times, where a device says that it is busy.</summary>
internal static class Patience
{
    /// <summary>Most attempts: with waits of 10, 20, … 640 ms in between, about 1.3 s in all.</summary>
    public const int MaxAttempts = 8;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(10);

    /// <param name="attempt">One attempt; null asks for another.</param>
    /// <param name="device">What is asked, for the message.</param>
    /// <param name="clock">Measures the waits.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>: every attempt came to nothing.</exception>
    public static async ValueTask<T> AskAsync<T>(Func<ValueTask<T?>> attempt, string device, TimeProvider clock, CancellationToken cancellationToken)
        where T : class
    {
        var wait = FirstWait;
        for (var attempts = 1; ; attempts++)
        {
            if (await attempt().ConfigureAwait(false) is { } answer)
            {
                return answer;
            }

            if (attempts == MaxAttempts)
            {
                throw DeviceFault.Unavailable($"{device} was busy {MaxAttempts} times in a row.", "try again; another program may be using it.");
            }

            await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
            wait *= 2;
        }
    }
}
