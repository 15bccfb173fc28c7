using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Tests.Grpc;

public sealed class GrpcModelConfigTests
{
    [Fact]
    public void Write_InputThatMayBeLeftOut_IsMarkedInField8()
    {
        var message = ProtobufWriter.Encode(new ModelConfig
        {
            Name = "m",
            Platform = "onnxruntime_onnx",
            Backend = "onnxruntime",
            MaxBatchSize = 0,
            Input = [new("x", "TYPE_FP32", [-1]), new("shift", "TYPE_FP32", [1]) { Optional = true }],
            Output = [],
            InstanceGroup = [],
            Parameters = new Dictionary<string, ModelParameter>(),
        }, GrpcModelConfig.Write);

        var marks = new List<bool>();
        var response = new ProtobufReader(message);
        Assert.True(response.TryReadField());
        var config = response.ReadMessage();
        while (config.TryReadField())
        {
            if (config.FieldNumber == 5)                                    // input
            {
                var isOptional = false;
                var input = config.ReadMessage();
                while (input.TryReadField())
                {
                    isOptional |= input.FieldNumber == 8 && input.ReadBool();
                }

                marks.Add(isOptional);
            }
        }

        Assert.Equal([false, true], marks);
    }
}
