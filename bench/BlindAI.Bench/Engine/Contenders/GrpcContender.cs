using System.Buffers;
using System.Runtime.InteropServices;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;
using Grpc.Core;
using Grpc.Net.Client;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>A server that speaks the Open Inference Protocol over gRPC, asked by Grpc.Net.Client with prepared bytes. Every caller has a connection of its own.</summary>
/// <remarks>Our server and the plain ASP.NET one are asked by this same client. Source of the field numbers: the protocol's GRPCInferenceService.</remarks>
internal sealed class GrpcContender(string name, Uri server) : Contender(name)
{
    private static readonly Method<byte[], float[]> ModelInfer = new(
        MethodType.Unary, "inference.GRPCInferenceService", "ModelInfer",
        Marshallers.Create<byte[]>(Write, static _ => throw new NotSupportedException("Requests are only sent.")),
        Marshallers.Create<float[]>(static (_, _) => throw new NotSupportedException("Answers are only received."), Read));

    private readonly List<GrpcChannel> _channels = [];

    private byte[] _request = [];

    public override async Task<string?> PrepareAsync(Workload workload)
    {
        _request = Encode(workload);
        try
        {
            await MakeCaller()();
            return null;
        }
        catch (RpcException exception)
        {
            return $"{exception.StatusCode}: {exception.Status.Detail}";
        }
    }

    public override Func<ValueTask<float[]>> MakeCaller()
    {
        var channel = GrpcChannel.ForAddress(server, new GrpcChannelOptions { HttpHandler = Http.MakeHandler(), DisposeHttpClient = true, MaxReceiveMessageSize = null, MaxSendMessageSize = null });
        _channels.Add(channel);
        var (invoker, request) = (channel.CreateCallInvoker(), _request);
        return async () =>
        {
            using var call = invoker.AsyncUnaryCall(ModelInfer, null, default, request);
            return await call;
        };
    }

    protected override Task ReleaseAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        _channels.Clear();
        return Task.CompletedTask;
    }

    private static byte[] Encode(Workload workload) => ProtobufWriter.Encode(workload, static (writer, workload) =>
    {
        writer.WriteString(1, workload.Model);                                                      // model_name
        foreach (var input in workload.Inputs)
        {
            writer.WriteMessage(5, input, static (tensor, input) =>                             // inputs
            {
                tensor.WriteString(1, input.Name);                                              // name
                tensor.WriteString(2, input.Tensor.Datatype.WireName());                        // datatype
                tensor.WritePacked(3, input.Tensor.Shape.Dimensions);                           // shape
            });
        }

        foreach (var input in workload.Inputs)
        {
            writer.WriteBytes(7, input.Tensor.Data.Span);                                       // raw_input_contents
        }
    });

    private static void Write(byte[] request, SerializationContext context)
    {
        context.SetPayloadLength(request.Length);
        context.GetBufferWriter().Write(request);
        context.Complete();
    }

    private static float[] Read(DeserializationContext context)
    {
        var payload = context.PayloadAsReadOnlySequence();
        var reader = new ProtobufReader(payload.IsSingleSegment ? payload.FirstSpan : payload.ToArray());
        while (reader.TryReadField())
        {
            if (reader.FieldNumber == 6)                                                        // raw_output_contents
            {
                return MemoryMarshal.Cast<byte, float>(reader.ReadBytes()).ToArray();
            }

            reader.SkipField();
        }

        return [];
    }
}
