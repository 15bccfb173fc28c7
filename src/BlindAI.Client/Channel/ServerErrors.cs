using BlindAI.Attestation;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Turns an error answer into the exception that carries its code.</summary>
internal static class ServerErrors
{
    private const int MaxErrorBytes = 64 * 1024;

    public static async Task<Exception> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        byte[]? body;
        try
        {
            body = await BoundedContent.ReadAsync(response.Content, MaxErrorBytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new ServingException(ServingCode.ConnectionLost, $"The server answered {status}, and the connection ended before it said why.", innerException: exception);
        }

        if (ErrorBody.TryParse(body) is not { } error)
        {
            return new ServingException(ServingCode.ResponseMalformed, $"The server answered {status} without a BlindAI error.");
        }

        // The server joins reason and hint in "error", as clients of the plain protocol show only that.
        return Enum.IsDefined((ServingCode)error.Code)
            ? new ServingException((ServingCode)error.Code, WithoutHint(error), error.Hint) { RetryAfter = response.Headers.RetryAfter?.Delta }
            : Enum.IsDefined((RejectionCode)error.Code)
                ? new AttestationException((RejectionCode)error.Code, WithoutHint(error), error.Hint)
                : new ServingException(ServingCode.ResponseMalformed, $"The server answered {status} with the unknown code {error.Code}.", "a newer client may know it.");
    }

    private static string WithoutHint(ErrorBody error)
    {
        var suffix = $" hint: {error.Hint}";
        return error.Hint is not null && error.Error.EndsWith(suffix, StringComparison.Ordinal) ? error.Error[..^suffix.Length] : error.Error;
    }
}
