using System.Diagnostics;
using BlindAI.Bench.Engine.Measuring;

namespace BlindAI.Bench.Engine.Server;

/// <summary>Node.js, fastify and onnxruntime-node: bench/peers/node. Its packages are installed from the lock file when they are not there.</summary>
internal static class NodePeer
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    /// <exception cref="InvalidOperationException">The packages cannot be installed, or the server does not start.</exception>
    public static async Task<ChildProcess> StartAsync(string models, Progress progress)
    {
        var folder = Repository.Path("bench", "peers", "node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            progress.Say("npm ci in bench/peers/node");

            // Without its install script onnxruntime-node fetches nothing: the package holds the library for the processor.
            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = folder })!;
            using var limit = new CancellationTokenSource(InstallLimit);
            await npm.WaitForExitAsync(limit.Token);
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException("npm ci failed in bench/peers/node.");
            }
        }

        return await ChildProcess.StartAsync("node", ["server.mjs", models], folder);
    }
}
