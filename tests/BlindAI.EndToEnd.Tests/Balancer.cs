using System.Globalization;

namespace BlindAI.EndToEnd.Tests;

/// <summary>HAProxy as a balancer of layer 4: it hands each connection to the next server and reads nothing of it.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly ListeningProgram _program;

    private Balancer(ListeningProgram program) => _program = program;

    /// <summary>Where clients connect.</summary>
    public Uri Url => new($"https://127.0.0.1:{_program.Port}");

    /// <summary>Starts a balancer over servers, in turn. A server that does not accept a connection is passed over.</summary>
    public static async Task<Balancer> StartAsync(params IEnumerable<Uri> servers) => new(await ListeningProgram.StartAsync("haproxy", "haproxy", async (folder, port) =>
    {
        // noreuseport: two balancers on one port would share its connections without a word.
        var configuration = $"""
            global
              maxconn 2000
              noreuseport
            defaults
              mode tcp
              timeout connect 5s
              timeout client 120s
              timeout server 120s
              option redispatch 1
              retries 5
            frontend clients
              bind 127.0.0.1:{port}
              default_backend replicas
            backend replicas
              balance roundrobin
            {string.Join('\n', servers.Select((server, index) => string.Create(CultureInfo.InvariantCulture, $"  server replica{index} {server.Host}:{server.Port}")))}

            """;
        var file = Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(file, configuration);
        return ["-db", "-f", file];
    }));

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
