using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>P2: data carries marks; afterwards every log line, metric, span, error and file is searched for them. The server logs at Trace.</summary>
public sealed class MarkedDataTests : IDisposable
{
    /// <summary>Stands for secret text, in whatever is sent.</summary>
    private const string TextMark = "Zq7mark3dDataXw";

    /// <summary>Stands for a secret number; ONNX Runtime quotes such an index when it is out of range.</summary>
    private const long NumberMark = 7319731973197;

    /// <summary>Made by the runtime of the first start, before the server could do anything; it ends there.</summary>
    private const string TraceFile = "start.nettrace";

    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-marks-").FullName;

    private readonly List<string> _errors = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Serve_MarkedDataInEveryPlace_LeavesNoMark(bool isNative)
    {
        var program = isNative ? await NativeProgram.Server.GetAsync() : null;
        var started = DateTime.UtcNow;
        await using var collector = new LoopbackCollector();
        string[] arguments = ["--Logging:Level=Trace", "--Limits:MaxModelBytes=1048576", $"--Telemetry:OtlpEndpoint={collector.Url}", "--Telemetry:ModelNames=true", "--Telemetry:TritonMetrics=true"];
        await using var server = await SimulationServer.StartAsync(arguments, program, start =>
        {
            start.WorkingDirectory = _folder;
            start.Environment["TMPDIR"] = _folder;
            start.Environment["HOME"] = _folder;

            // A trace of the runtime holds the texts of exceptions; who starts the server must not get one.
            start.Environment["DOTNET_EnableEventPipe"] = "1";
            start.Environment["DOTNET_EventPipeOutputPath"] = Path.Combine(_folder, TraceFile);

            // ONNX Runtime keeps its telemetry to itself where it sees one of these; the server must not depend on that.
            start.Environment.Remove("CI");
            start.Environment.Remove("ORT_DISABLE_TELEMETRY");
        });
        foreach (var channel in Enum.GetValues<ChannelMode>())
        {
            await SendMarksAsync(server, channel);
        }

        await AskWithMarksAsync(server);
        var metrics = await GetMetricsAsync(server);
        Assert.Equal(0, await server.StopAsync());

        Assert.Contains(server.Log, line => line.Contains("dbug", StringComparison.Ordinal));
        Assert.NotEmpty(_errors);
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories), file => Path.GetFileName(file) != TraceFile);
        AssertUnmarked("the log", string.Join('\n', server.Log));
        AssertUnmarked("the metrics", metrics);
        Assert.Contains("nv_inference_count{model=\"echo\"", metrics, StringComparison.Ordinal);
        Assert.Contains(collector.Spans, span => span.Attributes.GetValueOrDefault("blindai.code") == $"{(int)ServingCode.InferenceFailed}");
        Assert.Contains(collector.Spans, span => span.Attributes.GetValueOrDefault("blindai.model") == "echo");
        foreach (var (head, body) in collector.Requests)
        {
            AssertUnmarked("the traces", head + body);
        }

        foreach (var error in _errors)
        {
            AssertUnmarked("an error", error);
        }

        foreach (var file in FilesChangedSince(started))
        {
            AssertUnmarked($"the file {file}", Encoding.Latin1.GetString(ReadShared(file)));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task SendMarksAsync(SimulationServer server, ChannelMode channel)
    {
        await using var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), new() { Channel = channel }, Cancellation);

        // A model whose weights and names are marked, loaded and run.
        await client.UploadModelAsync("lookup", new MemoryStream(LookupModel()), cancellationToken: Cancellation);
        await client.UploadModelAsync("echo", new MemoryStream(EchoModel()), cancellationToken: Cancellation);
        var echoed = await client.RunAsync("echo", Inputs("text", Tensor.FromStrings([TextMark], 1)), cancellationToken: Cancellation);
        Assert.Equal([TextMark], echoed["echoed"].ToStrings());

        // The model fails on the data itself.
        await ExpectErrorAsync(() => client.RunAsync("lookup", Inputs("index", Tensor.From([NumberMark], 1)), cancellationToken: Cancellation));
        await ExpectErrorAsync(() => client.RunAsync("echo", Inputs(TextMark, Tensor.FromStrings([TextMark], 1)), cancellationToken: Cancellation), mayQuote: true);
        await ExpectErrorAsync(() => client.RunAsync("echo", Inputs("text", Tensor.From([NumberMark], 1)), cancellationToken: Cancellation));

        // Uploads that are no models.
        await ExpectErrorAsync(() => client.UploadModelAsync("bad", new MemoryStream(Encoding.ASCII.GetBytes(TextMark)), cancellationToken: Cancellation));
        await ExpectErrorAsync(() => client.UploadModelAsync("bad", new MemoryStream(EchoModel()[..^20]), cancellationToken: Cancellation));
        await ExpectErrorAsync(() => client.UploadModelAsync("bad", new MemoryStream(Enumerable.Repeat(Encoding.ASCII.GetBytes(TextMark), 100_000).SelectMany(mark => mark).ToArray()), cancellationToken: Cancellation));

    }

    // Requests that are no requests, from a client that is none of ours.
    private async Task AskWithMarksAsync(SimulationServer server)
    {
        using var handler = new SocketsHttpHandler
        {
#pragma warning disable CA5359 // The tester knows whom he asks.
            SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        using var http = new HttpClient(handler) { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TextMark);
        http.DefaultRequestHeaders.Add("x-secret", TextMark);
        http.DefaultRequestHeaders.Add("traceparent", TextMark);
        http.DefaultRequestHeaders.Add("tracestate", $"vendor={TextMark}");
        http.DefaultRequestHeaders.Add("baggage", $"secret={TextMark}");
        var number = NumberMark.ToString(CultureInfo.InvariantCulture);
        await PostAsync(http, "/v2/models/echo/infer", $$"""{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["{{TextMark}}"]}]}""", isError: false);
        await PostAsync(http, "/v2/models/lookup/infer", $$"""{"inputs":[{"name":"index","datatype":"INT64","shape":[1],"data":[{{number}}]}]}""");
        await PostAsync(http, "/v2/models/lookup/infer", $$"""{"inputs":[{"name":"index","datatype":"INT64","shape":[1],"data":["{{TextMark}}"]}]}""");
        await PostAsync(http, "/v2/models/lookup/infer", $$"""{"inputs":[{"name":"index","datatype":"INT32","shape":[1],"data":[{{number}}]}]}""");
        await PostAsync(http, "/v2/models/echo/infer", $$"""{"inputs":[{"name":"text","datatype":"{{TextMark}}","shape":[1],"data":[1]}]}""");
        await PostAsync(http, "/v2/models/echo/infer", $$"""{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["{{TextMark}}"]""");
        await PostAsync(http, "/v2/models/echo/infer", $"{TextMark} {number}");
        await PostAsync(http, "/v2/models/lookup/infer", $$"""{"inputs":[{"name":"index","datatype":"FP32","shape":[1],"data":[NaN,{{number}}]}]}""");
        await PostAsync(http, Routes.Attestation, $$"""{"nonce":"{{TextMark}}"}""");
        await PostAsync(http, Routes.Attestation, $$"""{"{{TextMark}}":1}""");
        await PostAsync(http, $"/nowhere/{TextMark}?token={TextMark}", TextMark);
        await PostAsync(http, $"/v2/models/{TextMark}!/infer", TextMark);
        http.DefaultRequestHeaders.Add(HeaderNames.Namespace, $"!{TextMark}");
        await PostAsync(http, "/v2/models/echo/infer", "{}");
    }

    private async Task ExpectErrorAsync(Func<Task> attempt, bool mayQuote = false)
    {
        var error = await Record.ExceptionAsync(attempt);
        Assert.True(error is ServingException or AttestationException, error?.ToString());

        // The caller is told back the tensor's name that he himself gave: that goes to him alone, and to no log.
        if (!mayQuote)
        {
            _errors.Add(error!.ToString());
        }
    }

    private async Task PostAsync(HttpClient http, string path, string body, bool isError = true)
    {
        using var content = new StringContent(body);
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
        var answer = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(isError, !response.IsSuccessStatusCode);
        if (isError)
        {
            Assert.NotNull(ErrorBody.TryParse(Encoding.UTF8.GetBytes(answer)));
            _errors.Add(answer);
        }
    }

    private static async Task<string> GetMetricsAsync(SimulationServer server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(server.OperationsUrl, "/metrics"), Cancellation);
    }

    // Every form in which a mark could have been written down.
    private static void AssertUnmarked(string where, string text)
    {
        var bytes = Encoding.ASCII.GetBytes(TextMark);
        string[] forms =
        [
            TextMark,
            NumberMark.ToString(CultureInfo.InvariantCulture),
            Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(TextMark)),
            Encoding.Latin1.GetString(BitConverter.GetBytes(NumberMark)),
            Convert.ToBase64String(bytes)[..16],
            Convert.ToHexString(bytes),
            Convert.ToHexStringLower(bytes),
        ];
        foreach (var form in forms)
        {
            Assert.False(text.Contains(form, StringComparison.Ordinal), $"A mark is in {where}.");
        }
    }

    // Wherever a process could leave something: its own folders, and the machine's for temporary and shared memory files.
    private IEnumerable<string> FilesChangedSince(DateTime start)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device };
        return new[] { _folder, "/tmp", "/var/tmp", "/dev/shm", AppContext.BaseDirectory }
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", options))
            .Where(file => File.GetLastWriteTimeUtc(file) >= start && new FileInfo(file).Length is > 0 and < 256 * 1024 * 1024);
    }

    private static byte[] ReadShared(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return bytes;
        }
        catch (Exception exception) when (exception is FileNotFoundException or UnauthorizedAccessException or DirectoryNotFoundException or IOException)
        {
            return [];
        }
    }

    private static Dictionary<string, Tensor> Inputs(string name, Tensor tensor) => new() { [name] = tensor };

    private static byte[] LookupModel() => new OnnxGraph($"lookup-{TextMark}")
        .Input("index", OnnxType.Int64, 1)
        .Output("value", OnnxType.Float, 1)
        .Constant($"table-{TextMark}", OnnxTensor.Of<float>([1f, 2f], 2))
        .Node("Gather", [$"table-{TextMark}", "index"], ["value"])
        .ToModel().Encode();

    private static byte[] EchoModel() => new OnnxGraph("echo")
        .Input("text", OnnxType.String, "n")
        .Output("echoed", OnnxType.String, "n")
        .Node("Identity", ["text"], ["echoed"])
        .ToModel().Encode();
}
