using System.Diagnostics.CodeAnalysis;

namespace BlindAI.Attestation;

/// <summary>One line per step of a trust argument: hold, or refuse with a code.</summary>
internal static class Reject
{
    /// <exception cref="AttestationException"><paramref name="condition"/> does not hold.</exception>
    public static void Unless([DoesNotReturnIf(false)] bool condition, RejectionCode code, string message, string? hint = null)
    {
        if (!condition)
        {
            throw new AttestationException(code, message, hint);
        }
    }
}
