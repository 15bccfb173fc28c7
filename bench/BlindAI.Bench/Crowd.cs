using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Protocol.Gate;

namespace BlindAI.Bench;

/// <summary>What a crowd that begins prefaces and never ends them costs a client that is served meanwhile.</summary>
/// <remarks>
/// The crowd is a process of its own, on the same processors. Its TLS handshakes cost both sides whatever comes after them, so it is compared with a crowd of as many connections
/// that come at the same pace and are closed after the handshake. It is counted until the last connection has come.
/// </remarks>
internal static class Crowd
{
    /// <summary>The argument that makes this program the crowd.</summary>
    public const string Argument = "--crowd";

    private const int Count = 10_000;

    private const int OpenersAtOnce = 10;

    private const int PerSecond = 250;

    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(3);

    /// <summary>Measures each kind of crowd in turn.</summary>
    public static async Task<CrowdResult> MeasureAsync(Uri server, AttestationPolicy policy, int rounds)
    {
        await using var client = await BlindAIClient.ConnectAsync(server, policy);
        var remote = await RemoteRun.UploadAsync(client, BenchModel.All[0] with { Name = "beside-the-crowd" });
        var turns = Math.Min(rounds, 2);
        var (quiet, closing, halves) = (new double[turns], new double[turns], new double[turns]);
        for (var turn = 0; turn < turns; turn++)
        {
            quiet[turn] = await ServeAsync(remote, Task.Delay(QuietTime));
            closing[turn] = await ServeBesideAsync(remote, server, "close");
            halves[turn] = await ServeBesideAsync(remote, server, "half");
        }

        return new(Count, PerSecond, Median(quiet), Median(closing), Median(halves), Median([.. halves.Zip(closing, (one, other) => one / other)]));
    }

    /// <summary>Is the crowd: opens connections, says how many were opened, and ends when the server has ended them all.</summary>
    public static async Task<int> RunAsync(Uri server, bool sendsHalf)
    {
        var half = new GateRequest { Nonce = Nonce.Create(), WantsBinder = true }.Encode().AsMemory(0, GateRequest.EvidenceLength / 2);
        var ended = 0;
        var openers = Enumerable.Range(0, OpenersAtOnce).Select(async _ =>
        {
            var waiting = new List<Task>();
            using var pace = new PeriodicTimer(TimeSpan.FromSeconds((double)OpenersAtOnce / PerSecond));
            for (var opened = 0; opened < Count / OpenersAtOnce; opened++)
            {
                await pace.WaitForNextTickAsync();
                var tcp = new TcpClient();
                await tcp.ConnectAsync(server.Host, server.Port);
                var connection = new SslStream(tcp.GetStream());
                await connection.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    EnabledSslProtocols = SslProtocols.Tls13,
                    RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
                });
                if (sendsHalf)
                {
                    await connection.WriteAsync(half);
                    waiting.Add(WaitForEndAsync(tcp, connection));
                }
                else
                {
                    await connection.DisposeAsync();
                    tcp.Dispose();
                }
            }

            return waiting;
        }).ToList();
        await Task.WhenAll(openers);
        Console.WriteLine("opened");
        await Task.WhenAll(openers.SelectMany(opener => opener.Result));
        return sendsHalf && ended != Count ? 1 : 0;

        async Task WaitForEndAsync(TcpClient tcp, SslStream connection)
        {
            using (tcp)
            await using (connection.ConfigureAwait(false))
            {
                try
                {
                    while (await connection.ReadAsync(new byte[1]) > 0)
                    {
                    }
                }
                catch (IOException)
                {
                    // Reset, which ends it too.
                }
            }

            Interlocked.Increment(ref ended);
        }
    }

    private static async Task<double> ServeBesideAsync(RemoteRun remote, Uri server, string kind)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(Crowd).Assembly.Location, Argument, server.ToString(), kind])
        {
            start.ArgumentList.Add(argument);
        }

        using var crowd = Process.Start(start)!;
        var rate = await ServeAsync(remote, crowd.StandardOutput.ReadLineAsync());
        await crowd.WaitForExitAsync();
        return crowd.ExitCode == 0 ? rate : throw new InvalidOperationException("The server did not end the whole crowd.");
    }

    // One request after the other.
    private static async Task<double> ServeAsync(RemoteRun remote, Task until)
    {
        var (started, served) = (Stopwatch.GetTimestamp(), 0);
        while (!until.IsCompleted)
        {
            await remote.RunAsync();
            served++;
        }

        await until;
        return served / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Median(double[] values) => InterleavedRounds.Quantile(values, 0.5);
}

/// <summary>Requests served a second beside each kind of crowd; the ratio is of half prefaces against connections that are closed.</summary>
internal sealed record CrowdResult(int Count, int PerSecond, double Quiet, double Closing, double Halves, double Ratio);
