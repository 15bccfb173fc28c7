using System.Diagnostics;
using System.Net;
using System.Text;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A real server with small limits, and a tester that speaks plain HTTP to it without looking at its certificate.</summary>
public sealed class StrictServer : IAsyncLifetime
{
    /// <summary>Most bytes of a request, a model and the JSON before binary data.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>A right request to the model <c>good</c>.</summary>
    public const string GoodRequest = """{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":[1,2]},{"name":"b","datatype":"FP32","shape":[1,2],"data":[3,4]}]}""";

    private readonly string[] _arguments;

    private readonly Action<ProcessStartInfo>? _configure;

    private readonly string? _program;

    private HttpClient _http = null!;

    public StrictServer()
        : this([$"--Limits:MaxRequestBytes={MaxBytes}", $"--Limits:MaxModelBytes={MaxBytes}", "--Limits:MaxHeaderBytes=65536", "--Limits:AttestationsPerSecond=1000", "--Logging:Level=Trace"])
    {
    }

    internal StrictServer(string[] arguments, Action<ProcessStartInfo>? configure = null, string? program = null)
    {
        _arguments = arguments;
        _configure = configure;
        _program = program;
    }

    public SimulationServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await SimulationServer.StartAsync(_arguments, _program, _configure);
        var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // The tester attacks the server; it sends nothing that anybody could want.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        _http = new(handler) { BaseAddress = Server.Url, Timeout = RawConnection.Limit };
        var answer = await UploadAsync("good", TestModels.Sum);
        Assert.Equal(201, answer.Status);
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    internal Task<HttpAnswer> InferAsync(string json, string model = "good", Action<HttpRequestMessage>? change = null) => InferAsync(Encoding.UTF8.GetBytes(json), model, change);

    internal Task<HttpAnswer> InferAsync(byte[] body, string model = "good", Action<HttpRequestMessage>? change = null) =>
        SendAsync(HttpMethod.Post, $"/v2/models/{model}/infer", body, change: change);

    /// <summary>Sends JSON with binary sections behind it.</summary>
    internal Task<HttpAnswer> InferBinaryAsync(string json, byte[] sections, string? headerLength = null) =>
        InferAsync([.. Encoding.UTF8.GetBytes(json), .. sections], change: request => request.Headers.TryAddWithoutValidation("inference-header-content-length", headerLength ?? $"{json.Length}"));

    internal Task<HttpAnswer> UploadAsync(string model, byte[] bundle, string type = MediaTypes.Onnx, string query = "", Action<HttpRequestMessage>? change = null) =>
        SendAsync(HttpMethod.Put, $"/v2/models/{model}{query}", bundle, type, change);

    internal async Task<HttpAnswer> SendAsync(HttpMethod method, string path, byte[]? body = null, string? type = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = type is null ? null : new(type);
        }

        change?.Invoke(request);
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The names of a namespace's models.</summary>
    internal async Task<string[]> ListAsync(string owner = "default")
    {
        var answer = await SendAsync(HttpMethod.Get, Routes.Models, change: request => request.Headers.Add(HeaderNames.Namespace, owner));
        Assert.Equal(200, answer.Status);
        return [.. answer.Json.GetProperty("models").EnumerateArray().Select(name => name.GetString()!)];
    }

    /// <summary>Asserts that a right request is answered right, and that nothing is stored but the model <c>good</c>.</summary>
    internal async Task AssertUnharmedAsync()
    {
        Assert.Equal(["good"], await ListAsync());
        var answer = await InferAsync(GoodRequest);
        Assert.Equal((int)HttpStatusCode.OK, answer.Status);
        Assert.Equal([4f, 6f], answer.Json.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(value => value.GetSingle()));
    }
}
