using System.Runtime.InteropServices;
using BlindAI.Inference.Models;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>The one function of ONNX Runtime's C API that its C# binding leaves out: external data from memory.</summary>
/// <remarks>
/// The table of functions only ever grows at its end ("This struct must not be reordered", onnxruntime_c_api.h), so an index is part of the ABI,
/// as it is for every compiled C program; AddExternalInitializersFromFilesInMemory came with version 18. Reflection over the binding's own table would
/// not survive trimming; a test compares the constants with it.
/// </remarks>
internal static unsafe partial class OnnxRuntimeApi
{
    /// <summary>Places in <c>OrtApi</c>, counted from 0.</summary>
    public const int GetErrorMessageIndex = 2;

    /// <inheritdoc cref="GetErrorMessageIndex"/>
    public const int ReleaseStatusIndex = 93;

    /// <inheritdoc cref="GetErrorMessageIndex"/>
    public const int AddExternalInitializersFromFilesInMemoryIndex = 279;

    private const uint ApiVersion = 18;

    private static readonly nint* Functions = Load();

    /// <summary>Lets sessions made with these options find external data in memory. The bytes must stay, and stay pinned, until the session is made.</summary>
    /// <exception cref="InvalidOperationException">ONNX Runtime refuses; by then the names and sizes have been checked, so that is a defect of ours.</exception>
    public static void AddExternalFiles(SessionOptions options, IReadOnlyDictionary<string, BundleFile> files)
    {
        var names = stackalloc byte*[files.Count];
        var buffers = stackalloc byte*[files.Count];
        var lengths = stackalloc nuint[files.Count];
        var added = 0;
        try
        {
            foreach (var (location, file) in files)
            {
                names[added] = (byte*)Marshal.StringToCoTaskMemUTF8(location);
                buffers[added] = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(file.Bytes, 0);      // allocated pinned
                lengths[added] = (nuint)file.Bytes.Length;
                added++;
            }

            var add = (delegate* unmanaged<nint, byte**, byte**, nuint*, nuint, nint>)Functions[AddExternalInitializersFromFilesInMemoryIndex];
            Check(add(options.DangerousGetHandle(), names, buffers, lengths, (nuint)added));
            GC.KeepAlive(options);
        }
        finally
        {
            for (var index = 0; index < added; index++)
            {
                Marshal.FreeCoTaskMem((nint)names[index]);
            }
        }
    }

    private static void Check(nint status)
    {
        if (status == 0)
        {
            return;
        }

        var message = ((delegate* unmanaged<nint, nint>)Functions[GetErrorMessageIndex])(status);
        var text = Marshal.PtrToStringUTF8(message);
        ((delegate* unmanaged<nint, void>)Functions[ReleaseStatusIndex])(status);
        throw new InvalidOperationException($"ONNX Runtime does not take external data from memory: {text}");
    }

    private static nint* Load()
    {
        OnnxRuntimeEnvironment.Initialize();

        // struct OrtApiBase { const OrtApi* (*GetApi)(uint32_t version); const char* (*GetVersionString)(); }
        var getApi = (delegate* unmanaged<uint, nint>)(*OrtGetApiBase());
        var api = (nint*)getApi(ApiVersion);
        return api is not null ? api : throw new InvalidOperationException("ONNX Runtime is older than 1.18.");
    }

    [LibraryImport("onnxruntime")]
    private static partial nint* OrtGetApiBase();
}
