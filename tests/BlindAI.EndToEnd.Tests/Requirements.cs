using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What a test needs from the machine. Absent, the test is skipped and says why; in continuous integration it fails.</summary>
internal static class Requirements
{
    /// <summary>Python with numpy, where Debian's package puts it: another python3 earlier on PATH may lack numpy.</summary>
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<Task<bool>> HasNumpy = new(async () =>
        File.Exists(Python) && (await ProgramRun.StartAsync(Python, ["-c", "import numpy"])).ExitCode == 0);

    private static readonly Lazy<Task<bool>> HasGrpc = new(async () =>
        File.Exists(Python) && File.Exists("/usr/bin/grpc_python_plugin") && Find("protoc") is not null
            && (await ProgramRun.StartAsync(Python, ["-c", "import grpc, google.protobuf"])).ExitCode == 0);

    /// <summary>Skips, or fails where nothing may be skipped, unless the condition holds.</summary>
    public static void Require(bool condition, string missing)
    {
        if (!condition && RepositoryRoot.IsContinuousIntegration)
        {
            Assert.Fail(missing);
        }

        Assert.SkipUnless(condition, missing);
    }

    /// <summary>Python with numpy.</summary>
    public static async Task RequireNumpyAsync() => Require(await HasNumpy.Value, $"{Python} with numpy is missing (Debian: python3-numpy).");

    /// <summary>Python with gRPC, and the compiler of proto files with its plugin.</summary>
    public static async Task RequireGrpcAsync() => Require(await HasGrpc.Value,
        $"{Python} with grpc, or protoc with its plugin, is missing (Debian: python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc).");

    /// <summary>A program on PATH.</summary>
    public static void RequireProgram(string name, string package) => Require(Find(name) is not null, $"The program {name} is missing (Debian: {package}).");

    /// <summary>The path of a program on PATH; null when it is not there.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
