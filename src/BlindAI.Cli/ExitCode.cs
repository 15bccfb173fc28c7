namespace BlindAI.Cli;

/// <summary>What the process returns. Source: docs/errors.md, one exit code per family of codes.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>900: a defect of this software.</summary>
    public const int Internal = 1;

    /// <summary>Wrong arguments, or a local file that cannot be read or written.</summary>
    public const int Usage = 2;

    /// <summary>3xx untrusted, 4xx stale, 5xx unacceptable: stop.</summary>
    public const int Refused = 10;

    /// <summary>2xx: this version cannot do it.</summary>
    public const int Unsupported = 20;

    /// <summary>1xx: the bytes are not what they claim.</summary>
    public const int Malformed = 30;

    /// <summary>6xx: undecided; nothing was sent.</summary>
    public const int Undecided = 40;

    /// <summary>7xx: the request was not served.</summary>
    public const int NotServed = 50;

    /// <summary>Interrupted: 128 and the number of SIGINT, as shells count.</summary>
    public const int Cancelled = 130;

    /// <summary>The exit code of a code, by its family.</summary>
    public static int Of(int code) => (code / 100) switch
    {
        1 => Malformed,
        2 => Unsupported,
        3 or 4 or 5 => Refused,
        6 => Undecided,
        7 => NotServed,
        _ => Internal,
    };
}
