using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.ML.OnnxRuntime;

namespace AspNetGrpc;

/// <summary>ModelInfer over raw tensors: the bytes of the message become OrtValues, those of the outputs a message.</summary>
internal sealed class InferenceService(Sessions sessions) : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly RunOptions Options = new();

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        var session = sessions[request.ModelName];
        var inputs = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
        try
        {
            for (var index = 0; index < request.Inputs.Count; index++)
            {
                inputs.Add(request.Inputs[index].Name, Read(request.Inputs[index], request.RawInputContents[index].Span));
            }

            using var outputs = session.Run(Options, inputs, session.OutputNames);
            return Task.FromResult(Write(request, session.OutputNames, outputs));
        }
        finally
        {
            foreach (var input in inputs.Values)
            {
                input.Dispose();
            }
        }
    }

    private static OrtValue Read(ModelInferRequest.Types.InferInputTensor input, ReadOnlySpan<byte> bytes)
    {
        long[] shape = [.. input.Shape];
        return input.Datatype switch
        {
            "FP32" => OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape),
            "INT64" => OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), shape),
            _ => throw new RpcException(new Status(StatusCode.InvalidArgument, $"{input.Datatype} is not supported.")),
        };
    }

    private static ModelInferResponse Write(ModelInferRequest request, IReadOnlyList<string> names, IDisposableReadOnlyCollection<OrtValue> outputs)
    {
        var response = new ModelInferResponse { ModelName = request.ModelName, Id = request.Id };
        for (var index = 0; index < names.Count; index++)
        {
            var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = names[index], Datatype = "FP32" };
            tensor.Shape.Add(outputs[index].GetTensorTypeAndShape().Shape);
            response.Outputs.Add(tensor);
            response.RawOutputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes(outputs[index].GetTensorDataAsSpan<float>())));
        }

        return response;
    }
}
