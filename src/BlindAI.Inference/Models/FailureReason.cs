namespace BlindAI.Inference.Models;

/// <summary>Why a request got no outputs, as Triton's <c>nv_inference_request_failure</c> tells them apart.</summary>
internal enum FailureReason
{
    /// <summary>REJECTED: never ran.</summary>
    Rejected,

    /// <summary>CANCELED: the caller went away.</summary>
    Cancelled,

    /// <summary>BACKEND: the engine failed on it.</summary>
    Engine,

    /// <summary>OTHER.</summary>
    Other,
}
