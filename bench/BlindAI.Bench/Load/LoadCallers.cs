using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Bench.Load;

/// <summary>The kinds of callers: those who ask and check, those who bring models and take them away, and those who die in the middle.</summary>
internal sealed class LoadCallers(Uri server, LoadTally tally, CancellationToken stop)
{
    private static readonly (string Model, string Body, int Code)[] Wrong =
    [
        ("tiny", "{", (int)ServingCode.RequestMalformed),
        ("tiny", """{"inputs":[{"name":"x","datatype":"FP32","shape":[1,7],"data":[1,2,3,4,5,6,7]}]}""", (int)ServingCode.ShapeInvalid),
        ("tiny", """{"inputs":[{"name":"x","datatype":"FP32","shape":[1,8],"data":[1,2,3]}]}""", (int)ServingCode.DataMismatch),
        ("batched", """{"inputs":[{"name":"x","datatype":"INT64","shape":[1,512],"data":[1]}]}""", (int)ServingCode.DatatypeInvalid),
        ("batched", """{"inputs":[{"name":"q","datatype":"FP32","shape":[1],"data":[1]}]}""", (int)ServingCode.TensorUnknown),
        ("image", """{"inputs":[]}""", (int)ServingCode.TensorMissing),
        ("nobody", """{"inputs":[]}""", (int)ServingCode.ModelNotFound),
        ("text", """{"parameters":{"sequence_id":7},"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]}]}""", (int)ServingCode.ParameterUnsupported),
    ];

    private static readonly AttestationPolicy Policy = AttestationPolicy.DangerouslyAllowSimulation("localhost");

    /// <summary>Asks one model after another over a connection of its own; every eighth time the caller loses patience.</summary>
    public async Task AskAsync(int caller)
    {
        var mode = caller % 16 == 7 ? ChannelMode.Sealed : caller % 2 == 0 ? ChannelMode.Gated : ChannelMode.Pinned;
        await using var client = await BlindAIClient.ConnectAsync(server, Policy, new() { Channel = mode }, stop);
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            var seed = (caller * 1_000_003) + turn & int.MaxValue;
            var model = LoadModel.All[seed % LoadModel.All.Count];
            var leaves = seed % 8 == 5;
            using var patience = new CancellationTokenSource();
            if (leaves)
            {
                patience.CancelAfter(TimeSpan.FromMilliseconds(seed % 5));
            }

            var question = model.Ask(seed);
            await tally.CountAsync(async () => model.IsRight(question, (await client.RunAsync(model.Name, Inputs(question), cancellationToken: patience.Token))["y"]), leaves, (int)ServingCode.Overloaded);
        }
    }

    /// <summary>Uploads a model of its own, asks it, replaces it, deletes it, and finds nothing afterwards.</summary>
    public async Task ChurnAsync(int owner)
    {
        await using var client = await BlindAIClient.ConnectAsync(server, Policy, cancellationToken: stop);
        for (var turn = 1; !stop.IsCancellationRequested; turn++)
        {
            var model = LoadModel.Affine($"churn-{owner}", factor: turn);
            await tally.CountAsync(async () =>
            {
                using var bytes = new MemoryStream(model.Bytes);
                await client.UploadModelAsync(model.Name, bytes);
                tally.CountUpload();
                var question = model.Ask(turn);
                var isRight = model.IsRight(question, (await client.RunAsync(model.Name, Inputs(question)))["y"]);
                await client.DeleteModelAsync(model.Name);
                return isRight;
            });
            await tally.CountAsync(async () =>
            {
                await client.RunAsync(model.Name, Inputs(model.Ask(turn)));
                return false;
            }, expected: (int)ServingCode.ModelNotFound);
        }
    }

    /// <summary>Sends what is wrong, in turn, and must be told so by its code.</summary>
    public async Task ErrAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } });
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            var (model, body, code) = Wrong[turn % Wrong.Length];
            await tally.CountAsync(async () =>
            {
                using var answer = await http.PostAsync(new Uri(server, $"/v2/models/{model}/infer"), new StringContent(body));
                using var error = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
                return !answer.IsSuccessStatusCode && error.RootElement.GetProperty("code").GetInt32() == code;
            });
        }
    }

    /// <summary>Opens a connection, sends a part of a request, and is killed.</summary>
    public async Task DieAsync(int victim)
    {
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            try
            {
                using var tcp = new TcpClient();
                await tcp.ConnectAsync(server.Host, server.Port, stop);
                tcp.LingerState = new(enable: true, seconds: 0);
                var tls = new SslStream(tcp.GetStream());
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    EnabledSslProtocols = SslProtocols.Tls13,
                    RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
                }, stop);
                var body = """{"inputs":[{"name":"x","datatype":"FP32","shape":[1,8],"data":[1,2,3,4,5,6,7,8]}]}""";
                var request = Encoding.ASCII.GetBytes($"POST /v2/models/tiny/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}");
                await tls.WriteAsync(request.AsMemory(0, 1 + (((turn * 37) + victim) % request.Length)), stop);
                await Task.Delay(turn % 7, stop);
                tally.CountBroken();
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or AuthenticationException)
            {
                // The dead do not mind.
            }
        }
    }

    private static Dictionary<string, Tensor> Inputs(Tensor question) => new(StringComparer.Ordinal) { ["x"] = question };
}
