using BlindAI.Protocol.Models;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>Writes <c>inference.ModelConfigResponse</c>: config 1, a ModelConfig.</summary>
/// <remarks>Source: Triton's model_config.proto; its numbers are in the code.</remarks>
public static class GrpcModelConfig
{
    private const int KindCpu = 2;

    private static readonly string[] DataTypes =
    [
        "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16", "TYPE_INT32", "TYPE_INT64",
        "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16",
    ];

    /// <summary>Writes the message.</summary>
    public static void Write(ProtobufWriter writer, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteMessage(1, config, WriteConfig);
    }

    private static void WriteConfig(ProtobufWriter writer, ModelConfig config)
    {
        writer.WriteString(1, config.Name);
        writer.WriteString(2, config.Platform);
        GrpcAnswers.WriteCount(writer, 4, config.MaxBatchSize);
        WriteTensors(writer, 5, config.Input, dimensions: 4);
        WriteTensors(writer, 6, config.Output, dimensions: 3);
        foreach (var group in config.InstanceGroup)
        {
            writer.WriteMessage(7, group, static (message, group) =>
            {
                message.WriteString(1, group.Name);
                GrpcAnswers.WriteCount(message, 2, group.Count);
                message.WriteVarint(4, KindCpu);
            });
        }

        if (config.DynamicBatching is { } batching)
        {
            writer.WriteMessage(11, batching, static (message, batching) =>
            {
                message.WritePacked(1, [.. batching.PreferredBatchSize.Select(size => (long)size)]);
                GrpcAnswers.WriteCount(message, 2, batching.MaxQueueDelayMicroseconds);
                GrpcAnswers.WriteCount(message, 4, batching.PriorityLevels);
                GrpcAnswers.WriteCount(message, 5, batching.DefaultPriorityLevel);
            });
        }

        foreach (var parameter in config.Parameters)
        {
            writer.WriteMessage(14, parameter, static (entry, parameter) =>
            {
                entry.WriteString(1, parameter.Key);
                entry.WriteMessage(2, parameter.Value, static (value, parameter) => value.WriteString(1, parameter.StringValue));
            });
        }

        writer.WriteString(17, config.Backend);
    }

    private static void WriteTensors(ProtobufWriter writer, int field, IReadOnlyList<ModelConfigTensor> tensors, int dimensions)
    {
        foreach (var tensor in tensors)
        {
            writer.WriteMessage(field, (tensor, dimensions), static (message, description) =>
            {
                message.WriteString(1, description.tensor.Name);
                message.WriteVarint(2, (ulong)Array.IndexOf(DataTypes, description.tensor.DataType));
                message.WritePacked(description.dimensions, [.. description.tensor.Dims]);
                if (description.tensor.Optional)
                {
                    message.WriteBool(8, true);                                             // of inputs alone
                }
            });
        }
    }
}
