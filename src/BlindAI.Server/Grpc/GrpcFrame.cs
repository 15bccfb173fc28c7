using BlindAI.Protocol;
using BlindAI.Server.Endpoints;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Grpc;

/// <summary>What stands around every gRPC call: it counts the call's memory, and gives the library's own refusals a code.</summary>
internal sealed class GrpcFrame(GrpcFailures failures, RequestMemory memory, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate serve)
    {
        Check(context.Request);
        using var received = memory.Reserve(context);
        context.Features.Set<IRequestBodyPipeFeature>(new CountedBody(context.Request.BodyReader, received, failures, time));
        using var call = new GrpcCall(() => memory.Reserve(context));
        call.Enter();
        await serve(context);
        failures.Name(context.Response);
    }

    private static void Check(HttpRequest request)
    {
        if (!GrpcFailures.IsGrpc(request))
        {
            throw new ServingException(ServingCode.RequestMalformed, "This path is a gRPC method.", $"call it over HTTP/2 with the content type {GrpcFailures.ContentType}, or use REST.");
        }

        if ((string?)request.Headers.GrpcEncoding is not (null or "identity" or "gzip" or "deflate"))
        {
            throw new ServingException(ServingCode.EncodingUnsupported, "The message encoding is not offered.", "use gzip, deflate or none.");
        }

        if (request.Headers.ContainsKey(HeaderNames.Receipt))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "This server signs no receipts yet.", $"leave {HeaderNames.Receipt} out.");
        }
    }
}
