using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AspNetGrpc;

/// <summary>One session for each model of a folder.</summary>
internal sealed class Sessions(string folder)
{
    private readonly ConcurrentDictionary<string, Lazy<InferenceSession>> _sessions = new(StringComparer.Ordinal);

    public InferenceSession this[string model] => _sessions.GetOrAdd(model, name => new(() => Load(Path.GetFileName(name)))).Value;

    // One thread in a run: requests come at the same time, and threads of their own would only wait for each other.
    private InferenceSession Load(string name)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new InferenceSession(Path.Combine(folder, $"{name}.onnx"), options);
    }
}
