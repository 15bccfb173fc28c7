using BlindAI.Protocol;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Endpoints;

/// <summary>Where the trust configuration demands it: serves nobody who has not asked first who is there. Evidence and keys are there for everybody.</summary>
/// <remarks>Source: docs/configuration.md, <c>Listen:RequireAttestedClients</c>. Requests to the operations port do not come here, sealed ones come as proved.</remarks>
internal static class ProvedClients
{
    public static void RequireProvedClients(this WebApplication app) => app.Use((context, next) =>
        context.Features.Get<ProvedConnection>() is not null || context.Request.Path.Value is Routes.Attestation or Routes.SealedRequestKeys
            ? next(context)
            : throw new ServingException(ServingCode.AttestedClientRequired, "This server answers only on connections that were proved, and sealed requests.",
                "use a BlindAI client in gated or sealed mode."));
}
