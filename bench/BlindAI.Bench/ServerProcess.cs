using System.Diagnostics;

namespace BlindAI.Bench;

/// <summary>The real server in simulation, on free ports of loopback; stopped when disposed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Announcement = "blindai-server listening ";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ServerProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    /// <summary>The attested port.</summary>
    public Uri Url { get; }

    public static async Task<ServerProcess> StartAsync()
    {
        // Both projects put their output into artifacts/bin/PROJECT/CONFIGURATION.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "BlindAI.Server", configuration, "blindai-server.dll"));
        var start = new ProcessStartInfo("dotnet", [assembly, "--simulation", "--Listen:Url=https://127.0.0.1:0", "--Listen:OperationsUrl=http://127.0.0.1:0", "--Logging:Level=Warning"])
        {
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        using var timeout = new CancellationTokenSource(StartTimeout);
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(timeout.Token);
            return line?.StartsWith(Announcement, StringComparison.Ordinal) == true
                ? new(process, new Uri(line[Announcement.Length..].Split(' ')[0]))
                : throw new InvalidOperationException("The server did not say where it listens.");
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
