using System.Net.Sockets;

namespace BlindAI.Attestation.Evidence;

/// <summary>What the kernel answered in the place of evidence, said so that an operator can act on it.</summary>
/// <remarks>The runtime keeps the number of the kernel's error in the exception's HResult. Source of the numbers: errno(3) of Linux.</remarks>
internal static class DeviceFault
{
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int NoDevice = 6;
    public const int TryAgain = 11;
    public const int Busy = 16;
    public const int FileTooLarge = 27;

    /// <summary>Whether an exception is the machine's refusal, and not a defect of ours.</summary>
    public static bool IsFault(Exception exception) => exception is IOException or UnauthorizedAccessException or SocketException;

    /// <summary>Whether the same request may be granted a moment later.</summary>
    public static bool IsPassing(int error) => error is Interrupted or InputOutput or TryAgain or Busy;

    /// <summary>An error number as the exception that file operations throw for it.</summary>
    public static IOException Of(string what, int error) => new($"{what} failed with error {error}.", error);

    /// <summary>Code 601, naming the device, what is the matter with it and what to do.</summary>
    public static AttestationException Explain(string device, Exception exception)
    {
        var (what, hint) = exception switch
        {
            FileNotFoundException or DirectoryNotFoundException => ("is not there", "is this the platform that the server was set up for, and is its driver loaded?"),
            UnauthorizedAccessException => ("may not be opened", "give the server's user the right to read and write it."),
            { HResult: NoDevice } => ("has no driver behind it", "load the guest's driver (sev-guest or tdx-guest)."),
            { HResult: FileTooLarge } => ("made evidence that is larger than this kernel hands over", "use a newer kernel."),
            { HResult: var error } => ($"failed with error {error}", "try again; if it stays, see the kernel's log."),
        };
        return Unavailable($"{device} {what}.", hint, exception);
    }

    public static AttestationException Unavailable(string message, string? hint = null, Exception? inner = null) => new(RejectionCode.EvidenceUnavailable, message, hint, inner);
}
