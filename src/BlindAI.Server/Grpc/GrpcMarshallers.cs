using System.Buffers;
using BlindAI.Protocol;
using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Wire;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary>Puts the codecs of the protocol before the library. A message is read once, over the pieces in which it was received.</summary>
internal static class GrpcMarshallers
{
    /// <summary>Of a request that holds a few names.</summary>
    public static Marshaller<Received<T>> Request<T>(Func<ReadOnlySequence<byte>, T> read)
        where T : class => Marshallers.Create(NotSent, context =>
        {
            try
            {
                return new Received<T>(read(context.PayloadAsReadOnlySequence()));
            }
            catch (ServingException exception)
            {
                return new Received<T>(exception);
            }
            finally
            {
                GrpcCall.Current.EndDecompression();
            }
        });

    /// <summary>Of a request that holds tensors. The call owns it.</summary>
    public static Marshaller<Received<GrpcInferenceRequest>> Inference(ProtocolLimits limits) => Marshallers.Create(NotSent, context =>
    {
        var call = GrpcCall.Current;
        var memory = call.Reserve();
        var message = context.PayloadAsReadOnlySequence();
        Received<GrpcInferenceRequest> received;
        try
        {
            received = new(GrpcInferenceRequest.Parse(message, limits, memory.Grow), memory);
        }
        catch (ServingException exception)
        {
            memory.Dispose();
            received = new(exception, GrpcInferenceRequest.FindId(message));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
        finally
        {
            call.EndDecompression();
        }

        call.Own(received);
        return received;
    });

    /// <summary>Of an answer.</summary>
    public static Marshaller<T> Answer<T>(Action<ProtobufWriter, T> write)
        where T : class => Marshallers.Create<T>(
            (answer, context) =>
            {
                write(new ProtobufWriter(context.GetBufferWriter()), answer);
                context.Complete();
            },
            NotReceived<T>);

    private static void NotSent<T>(T request, SerializationContext context) => throw new InvalidOperationException("A server sends no requests.");

    private static T NotReceived<T>(DeserializationContext context) => throw new InvalidOperationException("A server receives no answers.");
}
