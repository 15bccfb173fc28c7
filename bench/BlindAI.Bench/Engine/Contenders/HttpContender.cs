using System.Net;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>A server that is sent prepared bytes by a plain <see cref="HttpClient"/>.</summary>
/// <remarks>Over HTTP/2 every caller has a connection of its own, as separate clients do.</remarks>
internal sealed class HttpContender(string name, Uri server, Func<Workload, PreparedRequest> prepare, Version? version = null) : Contender(name)
{
    private readonly Version _version = version ?? HttpVersion.Version11;

    private readonly List<HttpClient> _clients = [];

    private PreparedRequest? _request;

    public override async Task<string?> PrepareAsync(Workload workload)
    {
        _request = prepare(workload);
        using var client = Http.MakeClient(server);
        using var message = _request.MakeMessage(_version);
        using var response = await client.SendAsync(message);
        return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    public override Func<ValueTask<float[]>> MakeCaller()
    {
        var request = _request!;
        if (_version == HttpVersion.Version20 || _clients.Count == 0)
        {
            _clients.Add(Http.MakeClient(server));
        }

        var client = _clients[^1];
        return async () =>
        {
            using var message = request.MakeMessage(_version);
            using var response = await client.SendAsync(message);
            var answer = await response.Content.ReadAsByteArrayAsync();
            return response.IsSuccessStatusCode ? request.Read(response, answer) : throw new InvalidOperationException($"{Name} answered {(int)response.StatusCode}.");
        };
    }

    protected override Task ReleaseAsync()
    {
        _clients.ForEach(client => client.Dispose());
        _clients.Clear();
        return Task.CompletedTask;
    }
}
