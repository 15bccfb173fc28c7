using System.Collections.Frozen;
using BlindAI.Attestation;
using BlindAI.Protocol;

namespace BlindAI.Cli;

/// <summary>A failure as the user sees it. Contents (tensors, nonces, keys) never get here: messages name fields, lengths and codes.</summary>
/// <param name="Code">The stable number of docs/errors.md; null for wrong use and interruption, which have none.</param>
/// <param name="Name">The name of the code.</param>
/// <param name="Message">What was found.</param>
/// <param name="Hint">What to do next, where something can be done.</param>
/// <param name="Exit">What the process returns.</param>
internal sealed record CliError(int? Code, string Name, string Message, string? Hint, int Exit)
{
    // Servers and libraries speak of bodies and parameters; here their hints are in the words of this command.
    private static readonly FrozenDictionary<ServingCode, string> OwnHints = new Dictionary<ServingCode, string>
    {
        [ServingCode.NumberNotFinite] = "JSON has no such numbers; .npy files have: --input NAME=FILE.npy, --output-dir FOLDER.",
        [ServingCode.ModelNotFound] = "`blindai models list` shows the models that are there.",
        [ServingCode.PersistenceUnavailable] = "pass --persist false to keep the model in memory only.",
    }.ToFrozenDictionary();

    /// <summary>Turns any exception into what is shown. Of an unexpected one only the type is: its message may hold anything.</summary>
    public static CliError Of(Exception exception, bool isInterrupted) => exception switch
    {
        AttestationException refused => new((int)refused.Code, refused.Code.ToString(), refused.Reason, refused.Hint, ExitCode.Of((int)refused.Code)),
        ServingException unserved => new((int)unserved.Code, unserved.Code.ToString(), unserved.Reason, HintOf(unserved), ExitCode.Of((int)unserved.Code)),
        UsageException usage => Usage(usage.Message, usage.Hint),
        IOException or UnauthorizedAccessException => Usage($"A file cannot be read or written: {exception.Message}", null),
        OperationCanceledException when isInterrupted => new(null, "Cancelled", "Interrupted.", null, ExitCode.Cancelled),
        OperationCanceledException => Of(new ServingException(ServingCode.ConnectionLost, "The connection was not made in time.", "check that the server can be reached.", exception), isInterrupted),
        _ => new((int)RejectionCode.Internal, nameof(RejectionCode.Internal), $"An unexpected {exception.GetType().Name} ended the command.", "please report this defect with the command that you ran.", ExitCode.Internal),
    };

    /// <summary>The name of a code, of whichever family.</summary>
    public static string NameOf(int code) => Enum.GetName((ServingCode)code) ?? Enum.GetName((RejectionCode)code) ?? "Unknown";

    /// <summary>Wrong use.</summary>
    public static CliError Usage(string message, string? hint) => new(null, nameof(Usage), message, hint, ExitCode.Usage);

    /// <summary>Writes the error for people, and with <paramref name="asJson"/> also as the one JSON document of standard output.</summary>
    public void Write(CliHost host, bool asJson)
    {
        host.Error.WriteLine(Printable.Clean(Code is { } code ? $"error {code} {Name}: {Message}" : $"error: {Message}"));
        if (Hint is not null)
        {
            host.Error.WriteLine(Printable.Clean($"hint: {Hint}"));
        }

        if (asJson)
        {
            JsonOutput.Write(host.Out, writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartObject("error");
                if (Code is { } number)
                {
                    writer.WriteNumber("code", number);
                }
                else
                {
                    writer.WriteNull("code");
                }

                writer.WriteString("name", Name);
                writer.WriteString("message", Message);
                writer.WriteString("hint", Hint);
                writer.WriteEndObject();
                writer.WriteEndObject();
            });
        }
    }

    private static string? HintOf(ServingException exception)
    {
        var hint = OwnHints.GetValueOrDefault(exception.Code) ?? exception.Hint;
        return exception.RetryAfter is { } wait
            ? $"try again in {Math.Ceiling(wait.TotalSeconds):0} s." + (hint is null ? "" : $" {hint}")
            : hint;
    }
}
