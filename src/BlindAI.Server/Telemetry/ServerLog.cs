namespace BlindAI.Server.Telemetry;

/// <summary>Everything that the server logs. Event ids 1000 to 1999. Nothing here takes a tensor, a body, a nonce, a key or a token.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1001, LogLevel.Information, "Attested port {Url}, operations port {OperationsUrl}, TEE {Tee}, trust configuration {Configuration}")]
    public static partial void Started(ILogger logger, string url, string operationsUrl, string tee, string configuration);

    [LoggerMessage(1002, LogLevel.Warning, "SIMULATION: no hardware protects this server; whoever runs it can read every request. Never send it real data.")]
    public static partial void Simulation(ILogger logger);

    [LoggerMessage(1003, LogLevel.Information, "Stopping: requests that run are finished, new ones are refused")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(1004, LogLevel.Warning, "Evidence goes out without collateral: {Reason}")]
    public static partial void CollateralMissing(ILogger logger, string reason);

    [LoggerMessage(1101, LogLevel.Information, "Refused a request with code {Code}")]
    public static partial void RequestRefused(ILogger logger, int code);

    [LoggerMessage(1102, LogLevel.Error, "A request failed with {ExceptionType} at {StackTrace}")]
    public static partial void RequestFailed(ILogger logger, string exceptionType, string stackTrace);

    [LoggerMessage(1201, LogLevel.Information, "{Namespace}/{Model}: uploaded version {Version}, {Bytes} bytes, {Digest}")]
    public static partial void ModelUploaded(ILogger logger, string @namespace, string model, int version, long bytes, string digest);

    [LoggerMessage(1202, LogLevel.Information, "{Namespace}/{Model}: deleted")]
    public static partial void ModelDeleted(ILogger logger, string @namespace, string model);

    [LoggerMessage(1301, LogLevel.Debug, "{Namespace}/{Model}: ran version {Version} on {Inputs} in {Milliseconds} ms")]
    public static partial void ModelRan(ILogger logger, string @namespace, string model, int version, string inputs, double milliseconds);

    [LoggerMessage(1401, LogLevel.Information, "Traces of requests, without contents, go to {Endpoint}")]
    public static partial void TracesSent(ILogger logger, string endpoint);

    [LoggerMessage(1402, LogLevel.Warning, "The collector does not take traces ({Reason}); they are dropped until it does")]
    public static partial void TracesDropped(ILogger logger, string reason);

    [LoggerMessage(1403, LogLevel.Information, "The collector takes traces again")]
    public static partial void TracesSentAgain(ILogger logger);

    [LoggerMessage(1404, LogLevel.Information, "No traces are sent: {Variable} is set")]
    public static partial void TracesDisabled(ILogger logger, string variable);
}
