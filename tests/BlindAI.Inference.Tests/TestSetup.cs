using System.Runtime.CompilerServices;
using BlindAI.Inference.Engines;

namespace BlindAI.Inference.Tests;

/// <summary>Silences ONNX Runtime before any test, as a server does before anything else.</summary>
internal static class TestSetup
{
    [ModuleInitializer]
    public static void Initialize() => OnnxRuntimeEnvironment.Initialize();
}
