namespace BlindAI.Bench.Engine.Server;

/// <summary>The gRPC server that a competent developer writes around ONNX Runtime: bench/peers/AspNetGrpc.</summary>
internal static class AspNetGrpcPeer
{
    public static Task<ChildProcess> StartAsync(string models) => ChildProcess.StartAsync("dotnet", [Repository.Path("artifacts", "bin", "AspNetGrpc", Configuration, "AspNetGrpc.dll"), models]);

    // It was built with this program, and in the same way.
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Name;
}
