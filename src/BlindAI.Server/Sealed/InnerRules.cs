using System.Globalization;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Server.Sealed;

/// <summary>What an inner request may ask for.</summary>
/// <remarks>
/// 1. The scheme is https. 2. The authority is the service's name and nothing else. 3. It is none of the paths that exist to reach this one.
/// 4. No header speaks of a connection, which an inner request does not have. 5. It is no gRPC and no CONNECT, which need one.
/// Source: docs/wire-protocol.md, clause 10; RFC 9292, section 3.6; RFC 9110, section 7.6.1.
/// </remarks>
internal static class InnerRules
{
    private static readonly string[] RefusedPaths = [Routes.SealedRequests, Routes.SealedRequestKeys, Routes.Attestation];

    private static readonly string[] ConnectionHeaders = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "expect"];

    /// <summary>Refuses what is not offered.</summary>
    /// <param name="head">The head.</param>
    /// <param name="path">Its path as routing sees it.</param>
    /// <param name="service">The service's name.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.SealedRouteRefused"/>.</exception>
    public static void Check(BinaryHttpRequestHead head, PathString path, string service)
    {
        Require(head.Scheme == Uri.UriSchemeHttps, "The scheme of a sealed request is https.", hint: null);                                                        // 1
        Require(head.Authority.Equals(service, StringComparison.OrdinalIgnoreCase), "A sealed request is for the service's name.",
            "put the name that evidence states into the authority, without a port.");                                                                            // 2
        Require(!Array.Exists(RefusedPaths, refused => path.StartsWithSegments(refused, StringComparison.OrdinalIgnoreCase)), "This path is not offered through sealed requests.",
            "ask for evidence and keys outside of them.");                                                                                                       // 3
        Require(!head.Headers.Any(header => IsOfTheConnection(header.Key) || (header.Key == "host" && !header.Value.Equals(head.Authority, StringComparison.OrdinalIgnoreCase))),
            "A sealed request has no connection, and no header that speaks of one.", $"leave out proxy-*, {string.Join(", ", ConnectionHeaders)}, and any host but the authority.");   // 4
        Require(!head.Headers.Any(header => header.Key == "content-type" && header.Value.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)),
            "gRPC is not offered through sealed requests.", "send JSON or binary data (docs/wire-protocol.md).");                                               // 5
        Require(!HttpMethods.IsConnect(head.Method), "CONNECT is not offered through sealed requests.", "docs/wire-protocol.md lists the paths and their methods.");
    }

    /// <summary>When the request was made; null unless it says so once, in HTTP's form.</summary>
    /// <remarks>Source: RFC 9110, section 5.6.7 (IMF-fixdate).</remarks>
    public static DateTimeOffset? DateOf(BinaryHttpRequestHead head)
    {
        var dates = head.Headers.Where(header => header.Key == "date").ToList();
        return dates.Count == 1 && DateTimeOffset.TryParseExact(dates[0].Value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
    }

    private static bool IsOfTheConnection(string name) => name.StartsWith("proxy-", StringComparison.Ordinal) || ConnectionHeaders.Contains(name);

    private static void Require(bool holds, string refusal, string? hint)
    {
        if (!holds)
        {
            throw new ServingException(ServingCode.SealedRouteRefused, refusal, hint);
        }
    }
}
