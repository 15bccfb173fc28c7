using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Says in a few words why a connection failed.</summary>
internal static class HttpFaults
{
    public static string Describe(Exception exception) => exception is HttpRequestException { HttpRequestError: var error }
        ? error switch
        {
            HttpRequestError.NameResolutionError => "the host name does not resolve",
            HttpRequestError.ConnectionError => "no connection",
            HttpRequestError.SecureConnectionError => "no TLS 1.3 connection",
            HttpRequestError.ResponseEnded => "the connection ended early",
            _ => "the connection failed",
        }
        : "the connection ended early";

    /// <summary>What a caller hears of a request whose answer did not come.</summary>
    public static ServingException Lost(Exception exception) =>
        new(ServingCode.ConnectionLost, $"The request was not answered ({Describe(exception)}).", "it may or may not have been carried out.", exception);
}
