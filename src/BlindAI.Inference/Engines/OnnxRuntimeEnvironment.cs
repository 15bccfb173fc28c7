using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>ONNX Runtime's process-wide state, set up so that it says nothing: to no log, no file, and nobody.</summary>
/// <remarks>
/// Its telemetry is <see cref="OnnxRuntimeTelemetry"/>'s subject. By default its logger writes to standard error, and its messages can hold what must not leave the enclave: a Gather that fails names the index,
/// which is the caller's data. Here messages are counted and dropped. Its errors still come back, as exceptions whose text is not passed on.
/// </remarks>
public static class OnnxRuntimeEnvironment
{
    private static readonly DOrtLoggingFunction Drop = (_, _, _, _, _, _) => Interlocked.Increment(ref _droppedMessages);

    private static readonly OrtEnv Instance = Create();

    private static long _droppedMessages;

    /// <summary>Messages that ONNX Runtime would have logged.</summary>
    public static long DroppedMessages => Volatile.Read(ref _droppedMessages);

    /// <summary>The version of the native library, such as <c>1.31.1</c>: the engine build that receipts name.</summary>
    public static string Version => Instance.GetVersionString();

    /// <summary>Sets ONNX Runtime up, unless that was done. It must come before any other use of ONNX Runtime in the process.</summary>
    /// <exception cref="InvalidOperationException">Something else set it up before, with its own logger.</exception>
    public static void Initialize() => GC.KeepAlive(Instance);

    private static OrtEnv Create()
    {
        if (OrtEnv.IsCreated)
        {
            throw new InvalidOperationException("ONNX Runtime was used before its logger could be silenced.");
        }

        NativeHeap.ReturnLargeBlocksAtOnce();
        OnnxRuntimeTelemetry.Forbid();
        var options = new EnvironmentCreationOptions
        {
            logId = "BlindAI",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            loggingFunction = Drop,
        };
        var environment = OrtEnv.CreateInstanceWithOptions(ref options);
        environment.DisableTelemetryEvents();
        return environment;
    }
}
