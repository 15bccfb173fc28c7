using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Server.Endpoints;

/// <summary>What a request names: a namespace, a model, a version.</summary>
internal static class RequestScope
{
    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static NamespaceName Namespace(this HttpRequest request) =>
        request.Headers.TryGetValue(HeaderNames.Namespace, out var values)
            ? NamespaceName.Parse(values.Count == 1 ? values[0]! : "")
            : NamespaceName.Default;

    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static ModelName ModelName(this HttpRequest request) => Protocol.Models.ModelName.Parse((string)request.RouteValues["name"]!);

    /// <exception cref="ServingException"><see cref="ServingCode.NameInvalid"/>.</exception>
    public static int? ModelVersion(this HttpRequest request) =>
        request.RouteValues.TryGetValue("version", out var version) ? Protocol.Models.ModelVersion.Parse((string)version!) : null;
}
