using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace BlindAI.Server.Hosting;

/// <summary>What the server sees of a connection itself.</summary>
internal static class OwnEnd
{
    /// <summary>The binder of the server's own end of a TLS connection: never a word of the client's.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ParameterUnsupported"/>.</exception>
    public static ChannelBinder TakeBinder(IFeatureCollection connection) =>
        connection.Get<ISslStreamFeature>() is { } tls && ChannelBinder.Take(tls.SslStream) is { } binder
            ? binder
            : throw new ServingException(ServingCode.ParameterUnsupported, "This server's TLS gives no channel binder.", "leave the binder out, if the policy allows it.");
}
