using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A program that listens on one loopback port, with a folder of its own; both go when this does.</summary>
internal sealed class ListeningProgram : IAsyncDisposable
{
    /// <summary>Between finding a free port and listening on it somebody else may take it: then another is tried.</summary>
    private const int Attempts = 5;

    private const int SigTerm = 15;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private readonly ConcurrentQueue<string> _said;

    private ListeningProgram(Process process, ConcurrentQueue<string> said, string folder, int port)
    {
        (_process, _said) = (process, said);
        (Folder, Port) = (folder, port);
    }

    /// <summary>What the program may write to.</summary>
    public string Folder { get; }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>What the program has said on its standard streams.</summary>
    public IReadOnlyCollection<string> Said => _said;

    /// <summary>Starts a program and waits until it listens. Skips, or fails in continuous integration, where the program is not.</summary>
    /// <param name="name">The program; Debian may keep it in a folder that is not on PATH.</param>
    /// <param name="package">The Debian package.</param>
    /// <param name="configure">Writes the program's configuration into the folder, for the port, and answers its arguments.</param>
    public static async Task<ListeningProgram> StartAsync(string name, string package, Func<string, int, Task<string[]>> configure)
    {
        var path = Requirements.Find(name) ?? Path.Combine("/usr/sbin", name);
        Requirements.Require(File.Exists(path), $"The program {name} is missing (Debian: {package}).");
        var folder = Directory.CreateTempSubdirectory($"blindai-{name}-").FullName;
        var said = new ConcurrentQueue<string>();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = FindFreePort();
            var process = Start(path, await configure(folder, port), said);
            if (await ListensAsync(process, port))
            {
                return new(process, said, folder, port);
            }

            process.Dispose();
        }

        Directory.Delete(folder, recursive: true);
        throw new InvalidOperationException($"{name} does not listen: {string.Join(Environment.NewLine, said)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            if (Kill(_process.Id, SigTerm) != 0)
            {
                _process.Kill(entireProcessTree: true);
            }

            using var limit = new CancellationTokenSource(Limit);
            await _process.WaitForExitAsync(limit.Token);
        }

        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string path, string[] arguments, ConcurrentQueue<string> said)
    {
        var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        DataReceivedEventHandler hear = (_, line) =>
        {
            if (line.Data is { } text)
            {
                said.Enqueue(text);
            }
        };
        process.OutputDataReceived += hear;
        process.ErrorDataReceived += hear;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    // The kernel's list, not a connection: whoever balances would pass that on.
    private static async Task<bool> ListensAsync(Process process, int port)
    {
        var started = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(started) < Limit)
        {
            if (Array.Exists(IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners(), listener => listener.Port == port))
            {
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }

        process.Kill(entireProcessTree: true);
        return false;
    }

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
