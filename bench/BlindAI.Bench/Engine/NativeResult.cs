namespace BlindAI.Bench.Engine;

/// <summary>The native binary of the server against the same server under JIT.</summary>
/// <param name="JitStartMilliseconds">From the start of the process to the first answer of a model.</param>
/// <param name="NativeStartMilliseconds">The same, native.</param>
/// <param name="StartRatio">The median over rounds.</param>
/// <param name="JitIdleBytes">Resident memory after the first answer.</param>
/// <param name="NativeIdleBytes">The same, native.</param>
/// <param name="IdleRatio">The median over rounds.</param>
/// <param name="TinyThroughputRatio">Requests a second of 8 clients, tiny model, native against JIT.</param>
/// <param name="ImageThroughputRatio">The same, MobileNetV2.</param>
internal sealed record NativeResult(
    double JitStartMilliseconds, double NativeStartMilliseconds, double StartRatio, long JitIdleBytes, long NativeIdleBytes, double IdleRatio,
    double TinyThroughputRatio, double ImageThroughputRatio);
