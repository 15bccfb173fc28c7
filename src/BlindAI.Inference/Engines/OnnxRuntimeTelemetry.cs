using System.Runtime.InteropServices;

namespace BlindAI.Inference.Engines;

/// <summary>Switches off what ONNX Runtime's native library would send to its maker.</summary>
/// <remarks>
/// From 1.29 on the published library for Linux has telemetry on by default (microsoft/onnxruntime pull request 27379): at start it makes a device id,
/// keeps events with the names and hashes of models in a database below the home or cache folder, and uploads them to its maker.
/// <c>OrtEnv.DisableTelemetryEvents</c> comes too late, since that start is part of making the environment: only ORT_DISABLE_TELEMETRY=1 prevents it.
/// </remarks>
internal static partial class OnnxRuntimeTelemetry
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    /// <summary>Sets the variable; call it before the native library is loaded.</summary>
    public static void Forbid()
    {
        Environment.SetEnvironmentVariable(Variable, "1");

        // On Unix that changes .NET's own copy alone; native code reads the C library's.
        if (!OperatingSystem.IsWindows() && SetVariable(Variable, "1", overwrite: 1) != 0)
        {
            throw new InvalidOperationException($"setenv({Variable}) failed.");
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
