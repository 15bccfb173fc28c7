using System.IO.Compression;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Telemetry;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Model;
using Microsoft.Extensions.Options;

namespace BlindAI.Server.Grpc;

/// <summary>Adds gRPC to the server, on the attested port beside REST.</summary>
internal static class GrpcBinding
{
    public static IServiceCollection AddGrpcBinding(this IServiceCollection services, TrustConfiguration limits)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = limits.Protocol.MaxRequestBytes;

            // Bounded by the catalogue and by what a message can hold.
            grpc.MaxSendMessageSize = null;

            // Paths that are nobody's belong to ErrorAnswers; the library's pattern for them would answer "405" for every path of two segments.
            grpc.IgnoreUnknownServices = true;
        });
        return services
            .AddSingleton<IConfigureOptions<GrpcServiceOptions>>(provider => new ConfigureOptions<GrpcServiceOptions>(grpc => grpc.CompressionProviders = Decompressions(limits, provider.GetRequiredService<GrpcFailures>())))
            .AddSingleton(provider => new GrpcFailures(provider.GetRequiredService<ServerMetrics>(), provider.GetRequiredService<ILogger<GrpcFailures>>()))
            .AddSingleton<GrpcFrame>()
            .AddSingleton<LongCalls>()
            .AddSingleton<GrpcInferenceService>()
            .AddSingleton<HealthService>()
            .AddSingleton<IServiceMethodProvider<GrpcInferenceService>, GrpcMethods>()
            .AddSingleton<IServiceMethodProvider<HealthService>, HealthService.Methods>();
    }

    public static void MapGrpc(this WebApplication app)
    {
        var frame = app.Services.GetRequiredService<GrpcFrame>();
        Frame(app.MapGrpcService<GrpcInferenceService>());
        Frame(app.MapGrpcService<HealthService>());

        void Frame(GrpcServiceEndpointConventionBuilder methods) => methods.Add(method =>
        {
            var serve = method.RequestDelegate!;
            method.RequestDelegate = context => frame.InvokeAsync(context, serve);
        });
    }

    // "deflate" is the zlib container here as in HTTP (gRPC over HTTP/2, Message-Encoding).
    private static List<global::Grpc.Net.Compression.ICompressionProvider> Decompressions(TrustConfiguration limits, GrpcFailures failures) =>
    [
        new BoundedDecompression("gzip", limits.Protocol.MaxRequestBytes, static stream => new GZipStream(stream, CompressionMode.Decompress), failures),
        new BoundedDecompression("deflate", limits.Protocol.MaxRequestBytes, static stream => new ZLibStream(stream, CompressionMode.Decompress), failures),
    ];
}
