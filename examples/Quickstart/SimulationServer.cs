using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BlindAI.Examples.Quickstart;

/// <summary>A real server process in simulation, on free loopback ports.</summary>
public sealed class SimulationServer : IAsyncDisposable
{
    private const string ReadyPrefix = "blindai-server listening ";

    private const int SigTerm = 15;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(45);

    private readonly Process _process;

    private readonly ConcurrentQueue<string> _log;

    private SimulationServer(Process process, ConcurrentQueue<string> log, string readyLine)
    {
        _process = process;
        _log = log;

        // blindai-server listening <url> operations <url> simulation-key <hex>
        var words = readyLine.Split(' ');
        Url = new(words[2]);
        OperationsUrl = new(words[4]);
        SimulationKey = words[6];
    }

    /// <summary>The attested port.</summary>
    public Uri Url { get; }

    /// <summary>The port for health and metrics.</summary>
    public Uri OperationsUrl { get; }

    /// <summary>What a policy pins: SHA-256 of the simulation key, in hexadecimal.</summary>
    public string SimulationKey { get; }

    /// <summary>The process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>What the server has logged so far.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="arguments">More arguments, such as <c>--Logging:Level=Trace</c>.</param>
    /// <param name="program">The program to start; null takes the server beside this assembly.</param>
    /// <param name="configure">Changes how the process is started.</param>
    /// <exception cref="InvalidOperationException">It did not start; the message holds what it said.</exception>
    public static async Task<SimulationServer> StartAsync(IEnumerable<string>? arguments = null, string? program = null, Action<ProcessStartInfo>? configure = null)
    {
        var start = new ProcessStartInfo(program ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] first = program is null ? [Path.Combine(AppContext.BaseDirectory, "blindai-server.dll")] : [];
        foreach (var argument in first.Concat(["--simulation", "--Listen:Url=https://127.0.0.1:0", "--Listen:OperationsUrl=http://127.0.0.1:0"]).Concat(arguments ?? []))
        {
            start.ArgumentList.Add(argument);
        }

        configure?.Invoke(start);
        var process = Process.Start(start) ?? throw new InvalidOperationException("The server process did not start.");
        var log = new ConcurrentQueue<string>();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                log.Enqueue(text);
            }
        };
        process.BeginErrorReadLine();
        try
        {
            using var limit = new CancellationTokenSource(StartLimit);
            var ready = await process.StandardOutput.ReadLineAsync(limit.Token);
            if (ready?.StartsWith(ReadyPrefix, StringComparison.Ordinal) == true)
            {
                return new(process, log, ready);
            }

            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }

        using (process)
        {
            throw new InvalidOperationException($"The server did not start: {string.Join(Environment.NewLine, log)}");
        }
    }

    /// <summary>Asks the server to stop, as an operator would, and answers its exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            if (OperatingSystem.IsWindows() || Kill(_process.Id, SigTerm) != 0)
            {
                _process.Kill();
            }

            using var limit = new CancellationTokenSource(StopLimit);
            await _process.WaitForExitAsync(limit.Token);
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
