using System.Collections.Frozen;
using BlindAI.Attestation;
using BlindAI.Protocol;

namespace BlindAI.Server.Endpoints;

/// <summary>The one table from codes to HTTP status.</summary>
/// <remarks>Source: docs/errors.md; Triton's and KServe's mapping where clients depend on it.</remarks>
internal static class HttpStatus
{
    private static readonly FrozenDictionary<ServingCode, int> Table = new Dictionary<ServingCode, int>
    {
        [ServingCode.RequestTooLarge] = StatusCodes.Status413PayloadTooLarge,
        [ServingCode.ModelNotFound] = StatusCodes.Status404NotFound,
        [ServingCode.RouteNotFound] = StatusCodes.Status404NotFound,
        [ServingCode.MethodNotAllowed] = StatusCodes.Status405MethodNotAllowed,
        [ServingCode.AttestedClientRequired] = StatusCodes.Status403Forbidden,
        [ServingCode.UploadConflict] = StatusCodes.Status409Conflict,
        [ServingCode.DigestMismatch] = StatusCodes.Status409Conflict,
        [ServingCode.PersistenceUnavailable] = StatusCodes.Status409Conflict,
        [ServingCode.RequestReplayed] = StatusCodes.Status409Conflict,
        [ServingCode.UnloadRefused] = StatusCodes.Status409Conflict,
        [ServingCode.ModelNotReady] = StatusCodes.Status503ServiceUnavailable,
        [ServingCode.ShuttingDown] = StatusCodes.Status503ServiceUnavailable,
        [ServingCode.ReplayMemoryFull] = StatusCodes.Status503ServiceUnavailable,
        [ServingCode.DeadlineExceeded] = StatusCodes.Status503ServiceUnavailable,
        [ServingCode.Overloaded] = StatusCodes.Status429TooManyRequests,
        [ServingCode.LimitReached] = StatusCodes.Status429TooManyRequests,
        [ServingCode.EncodingUnsupported] = StatusCodes.Status501NotImplemented,
        [ServingCode.ParameterUnsupported] = StatusCodes.Status501NotImplemented,
    }.ToFrozenDictionary();

    /// <summary>The status of a code: of all others, requests are at fault (400), but for our own defects (500) and for a TEE that makes no evidence now (503).</summary>
    public static int Of(int code) =>
        code >= (int)RejectionCode.Internal ? StatusCodes.Status500InternalServerError
        : code == (int)RejectionCode.EvidenceUnavailable ? StatusCodes.Status503ServiceUnavailable
        : Table.GetValueOrDefault((ServingCode)code, StatusCodes.Status400BadRequest);
}
