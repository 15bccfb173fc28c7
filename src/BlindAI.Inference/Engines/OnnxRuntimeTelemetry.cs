using System.Runtime.InteropServices;

namespace BlindAI.Inference.Engines;

/// <summary>Switches off what ONNX Runtime's native library would send to its maker.</summary>
/// <remarks>
/// Since 1.31 the library for Linux has a telemetry client too: at start it writes a device id into the temporary folder, keeps events in a cache, and
/// uploads them to mobile.events.data.microsoft.com. <c>OrtEnv.DisableTelemetryEvents</c> comes too late, since that start is part of making the
/// environment: only the variable <c>ORT_DISABLE_TELEMETRY</c> prevents it.
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
