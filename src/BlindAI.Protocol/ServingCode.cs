namespace BlindAI.Protocol;

/// <summary>Why a request was not served. The numbers are stable, never reused, and the same in every language.</summary>
/// <remarks>These are the 7xx family; the others are in <see cref="BlindAI.Attestation.RejectionCode"/>. docs/errors.md lists all with the next step.</remarks>
public enum ServingCode
{
    /// <summary>The request's framing or JSON is broken.</summary>
    RequestMalformed = 701,

    /// <summary>The request, or a part of it, is over a limit.</summary>
    RequestTooLarge = 702,

    /// <summary>The tensor's datatype is unknown, or not the model's.</summary>
    DatatypeInvalid = 703,

    /// <summary>The tensor's shape is invalid, overflows, or does not fit the model.</summary>
    ShapeInvalid = 704,

    /// <summary>The tensor's data does not fill its shape exactly.</summary>
    DataMismatch = 705,

    /// <summary>A tensor of that name does not exist in the model.</summary>
    TensorUnknown = 706,

    /// <summary>A tensor that the model needs is absent.</summary>
    TensorMissing = 707,

    /// <summary>A tensor is given or asked for twice.</summary>
    TensorDuplicate = 708,

    /// <summary>JSON cannot carry NaN or an infinity.</summary>
    NumberNotFinite = 709,

    /// <summary>No such model or version.</summary>
    ModelNotFound = 710,

    /// <summary>A model, version or namespace name breaks its rule.</summary>
    NameInvalid = 711,

    /// <summary>The bundle is not a well-formed ONNX model.</summary>
    ModelInvalid = 712,

    /// <summary>The model uses an operator, opset or feature that is not supported here.</summary>
    ModelUnsupported = 713,

    /// <summary>The model refers to external data outside its bundle.</summary>
    ExternalDataRefused = 714,

    /// <summary>The upload ended before the bundle did.</summary>
    UploadIncomplete = 715,

    /// <summary>That version exists or is being uploaded.</summary>
    UploadConflict = 716,

    /// <summary>The model exists and cannot answer now.</summary>
    ModelNotReady = 717,

    /// <summary>The model's digest is not one that the caller accepts.</summary>
    DigestMismatch = 718,

    /// <summary>Persistence was asked for and no sealing key exists.</summary>
    PersistenceUnavailable = 719,

    /// <summary>The server has as much work as it takes; retry after the stated time.</summary>
    Overloaded = 720,

    /// <summary>The request did not finish in the time that it or the server allows.</summary>
    DeadlineExceeded = 721,

    /// <summary>A parameter asks for something that is not offered.</summary>
    ParameterUnsupported = 722,

    /// <summary>The content encoding is not offered.</summary>
    EncodingUnsupported = 723,

    /// <summary>No such path.</summary>
    RouteNotFound = 724,

    /// <summary>The path exists with another method.</summary>
    MethodNotAllowed = 725,

    /// <summary>The caller went away.</summary>
    Cancelled = 726,

    /// <summary>A limit on models, versions or memory is reached.</summary>
    LimitReached = 727,

    /// <summary>The folder or archive is not a valid bundle.</summary>
    BundleInvalid = 728,

    /// <summary>The model failed on this input.</summary>
    InferenceFailed = 729,

    /// <summary>The connection ended before the answer did (seen by the client).</summary>
    ConnectionLost = 730,

    /// <summary>The server's answer breaks the protocol (seen by the client).</summary>
    ResponseMalformed = 731,

    /// <summary>The server is stopping.</summary>
    ShuttingDown = 732,

    /// <summary>The server answers only on connections that were proved, and on sealed requests.</summary>
    AttestedClientRequired = 733,

    /// <summary>The same sealed request has been answered before.</summary>
    RequestReplayed = 734,

    /// <summary>A sealed request is too old, from the future, or says no date.</summary>
    RequestStale = 735,

    /// <summary>An inner request names something that sealed requests may not have.</summary>
    SealedRouteRefused = 736,

    /// <summary>The memory against replays is full.</summary>
    ReplayMemoryFull = 737,

    /// <summary>The model's answer is over the server's limit.</summary>
    ResponseTooLarge = 738,

    /// <summary>The model's uploaded bytes are gone, so it cannot be unloaded and loaded again.</summary>
    UnloadRefused = 739,
}
