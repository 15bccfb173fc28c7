using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetGrpc;
using Microsoft.AspNetCore.Server.Kestrel.Core;

// A plain gRPC server around ONNX Runtime, as one writes it from ASP.NET's template: generated messages, one session for each model, TLS.
// usage: AspNetGrpc MODELS   (a folder of .onnx files; a model is loaded by its first request)
using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var now = TimeProvider.System.GetUtcNow();
using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(30));

var builder = WebApplication.CreateBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    // The default windows of HTTP/2 hold images up.
    kestrel.Limits.Http2.InitialStreamWindowSize = 8 << 20;
    kestrel.Limits.Http2.InitialConnectionWindowSize = 16 << 20;
    kestrel.Listen(IPAddress.Loopback, 0, listen =>
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.UseHttps(certificate, https => https.SslProtocols = SslProtocols.Tls13);
    });
});
builder.Services.AddSingleton(new Sessions(args[0]));
builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);

await using var app = builder.Build();
app.MapGrpcService<InferenceService>();
await app.StartAsync();

// The bench waits for this line, and ends the server by closing its input.
Console.WriteLine($"ready {app.Urls.Single()}");
while (await Console.In.ReadLineAsync() is not null)
{
}

await app.StopAsync();
