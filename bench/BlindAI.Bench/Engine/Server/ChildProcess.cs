using System.Diagnostics;
using System.Globalization;

namespace BlindAI.Bench.Engine.Server;

/// <summary>A server in a process of its own. It says <c>ready URL</c> and ends when its standard input does, so it never outlives this program.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly Process _process;

    private ChildProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    public int Id => _process.Id;

    public ProcessMemory Memory => ProcessMemory.Read(_process.Id);

    /// <summary>Starts this program again as a server.</summary>
    /// <param name="argument">Which.</param>
    public static Task<ChildProcess> StartSelfAsync(string argument) =>

        // ASP.NET Core's projects, our server and the peer among them, have the server's garbage collector unless they say otherwise; this one has not.
        StartAsync("dotnet", [typeof(ChildProcess).Assembly.Location, argument], configure: start => start.Environment["DOTNET_gcServer"] = "1");

    /// <exception cref="InvalidOperationException">It did not become ready.</exception>
    public static async Task<ChildProcess> StartAsync(string program, IEnumerable<string> arguments, string? folder = null, Action<ProcessStartInfo>? configure = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = folder ?? "" };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        configure?.Invoke(start);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        using var limit = new CancellationTokenSource(StartLimit);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Split(' ') is ["ready", var url])
            {
                return new(process, new(url));
            }
        }

        await process.WaitForExitAsync(limit.Token);
        using (process)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode} before it was ready."));
        }
    }

    /// <summary>In the child: says that it is ready and waits for the end of standard input.</summary>
    public static async Task ServeAsync(string url)
    {
        Console.WriteLine($"ready {url}");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
