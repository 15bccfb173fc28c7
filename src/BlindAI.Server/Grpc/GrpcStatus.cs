using System.Collections.Frozen;
using BlindAI.Attestation;
using BlindAI.Protocol;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary>The one table from codes to gRPC status.</summary>
/// <remarks>
/// Source: docs/errors.md; the statuses that Triton answers where clients depend on them. UNAVAILABLE is for what never ran: KServe's client sends such a
/// request again by itself.
/// </remarks>
internal static class GrpcStatus
{
    private static readonly FrozenDictionary<ServingCode, StatusCode> Table = new Dictionary<ServingCode, StatusCode>
    {
        [ServingCode.RequestTooLarge] = StatusCode.ResourceExhausted,
        [ServingCode.ResponseTooLarge] = StatusCode.ResourceExhausted,
        [ServingCode.Overloaded] = StatusCode.ResourceExhausted,
        [ServingCode.LimitReached] = StatusCode.ResourceExhausted,
        [ServingCode.ModelNotFound] = StatusCode.NotFound,
        [ServingCode.RouteNotFound] = StatusCode.Unimplemented,
        [ServingCode.MethodNotAllowed] = StatusCode.Unimplemented,
        [ServingCode.EncodingUnsupported] = StatusCode.Unimplemented,
        [ServingCode.ParameterUnsupported] = StatusCode.Unimplemented,
        [ServingCode.AttestedClientRequired] = StatusCode.PermissionDenied,
        [ServingCode.UploadConflict] = StatusCode.AlreadyExists,
        [ServingCode.DigestMismatch] = StatusCode.FailedPrecondition,
        [ServingCode.UnloadRefused] = StatusCode.FailedPrecondition,
        [ServingCode.PersistenceUnavailable] = StatusCode.FailedPrecondition,
        [ServingCode.ModelNotReady] = StatusCode.Unavailable,
        [ServingCode.ShuttingDown] = StatusCode.Unavailable,
        [ServingCode.ReplayMemoryFull] = StatusCode.Unavailable,
        [ServingCode.DeadlineExceeded] = StatusCode.DeadlineExceeded,
        [ServingCode.Cancelled] = StatusCode.Cancelled,
    }.ToFrozenDictionary();

    /// <summary>The status of a code: of all others, requests are at fault, but for our own defects and for a TEE that makes no evidence now.</summary>
    public static StatusCode Of(int code) =>
        code >= (int)RejectionCode.Internal ? StatusCode.Internal
        : code == (int)RejectionCode.EvidenceUnavailable ? StatusCode.Unavailable
        : Table.GetValueOrDefault((ServingCode)code, StatusCode.InvalidArgument);
}
