using BlindAI.Protocol.Models;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Grpc;

/// <summary>Writes the small answers of the gRPC binding. What proto3 leaves out, defaults, is left out.</summary>
/// <remarks>Source: Open Inference Protocol v2, gRPC, with Triton's extensions; grpc.health.v1; docs/wire-protocol.md, clause 11.</remarks>
public static class GrpcAnswers
{
    /// <summary>live or ready 1.</summary>
    public static void WriteFlag(ProtobufWriter writer, GrpcFlag flag)
    {
        if (flag.Value)
        {
            writer.WriteBool(1, flag.Value);
        }
    }

    /// <summary>status 1.</summary>
    public static void WriteHealth(ProtobufWriter writer, GrpcHealthResponse health) => WriteCount(writer, 1, (long)health.Status);

    /// <summary>name 1, version 2, extensions 3.</summary>
    public static void WriteServer(ProtobufWriter writer, ServerMetadata server)
    {
        writer.WriteString(1, server.Name);
        writer.WriteString(2, server.Version);
        foreach (var extension in server.Extensions)
        {
            writer.WriteString(3, extension);
        }
    }

    /// <summary>name 1, versions 2, platform 3, inputs 4, outputs 5, and in properties 6 the digest and the version that all this is of.</summary>
    public static void WriteModel(ProtobufWriter writer, ModelMetadata model)
    {
        writer.WriteString(1, model.Name);
        foreach (var version in model.Versions)
        {
            writer.WriteString(2, version);
        }

        writer.WriteString(3, model.Platform);
        WriteTensors(writer, 4, model.Inputs);
        WriteTensors(writer, 5, model.Outputs);
        WriteProperty(writer, "blindai_model_digest", model.Digest);
        WriteProperty(writer, "blindai_model_version", model.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>models 1: name 1, version 2, state 3, reason 4.</summary>
    public static void WriteIndex(ProtobufWriter writer, IReadOnlyList<RepositoryEntry> models)
    {
        foreach (var model in models)
        {
            writer.WriteMessage(1, model, static (entry, model) =>
            {
                entry.WriteString(1, model.Name);
                entry.WriteString(2, model.Version);
                entry.WriteString(3, model.State);
                WriteText(entry, 4, model.Reason);
            });
        }
    }

    /// <summary>model_name 1 and isLoaded or isUnloaded 2, as KServe numbers them; Triton's clients pass over both.</summary>
    public static void WriteRepository(ProtobufWriter writer, GrpcRepositoryResponse response)
    {
        writer.WriteString(1, response.Model);
        writer.WriteBool(2, true);
    }

    /// <summary>model_stats 1.</summary>
    public static void WriteStatistics(ProtobufWriter writer, ModelStatisticsList statistics)
    {
        foreach (var model in statistics.ModelStats)
        {
            writer.WriteMessage(1, model, WriteStatistics);
        }
    }

    /// <summary>A count, or nothing for 0.</summary>
    internal static void WriteCount(ProtobufWriter writer, int field, long count)
    {
        if (count != 0)
        {
            writer.WriteInt64(field, count);
        }
    }

    /// <summary>Text, or nothing when it is empty.</summary>
    internal static void WriteText(ProtobufWriter writer, int field, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(field, text);
        }
    }

    private static void WriteTensors(ProtobufWriter writer, int field, IReadOnlyList<TensorDescription> tensors)
    {
        foreach (var tensor in tensors)
        {
            writer.WriteMessage(field, tensor, static (message, tensor) =>
            {
                message.WriteString(1, tensor.Name);
                message.WriteString(2, tensor.Datatype);
                message.WritePacked(3, [.. tensor.Shape]);
            });
        }
    }

    private static void WriteProperty(ProtobufWriter writer, string key, string value) => writer.WriteMessage(6, (key, value), static (entry, property) =>
    {
        entry.WriteString(1, property.key);
        entry.WriteString(2, property.value);
    });

    // name 1, version 2, last_inference 3, inference_count 4, execution_count 5, inference_stats 6, batch_stats 7.
    private static void WriteStatistics(ProtobufWriter writer, ModelStatisticsEntry model)
    {
        writer.WriteString(1, model.Name);
        writer.WriteString(2, model.Version);
        WriteCount(writer, 3, model.LastInference);
        WriteCount(writer, 4, model.InferenceCount);
        WriteCount(writer, 5, model.ExecutionCount);
        writer.WriteMessage(6, model.InferenceStats, static (message, times) =>
        {
            WriteDuration(message, 1, times.Success);
            WriteDuration(message, 2, times.Fail);
            WriteDuration(message, 3, times.Queue);
            WriteDuration(message, 4, times.ComputeInput);
            WriteDuration(message, 5, times.ComputeInfer);
            WriteDuration(message, 6, times.ComputeOutput);
            WriteDuration(message, 7, times.CacheHit);
            WriteDuration(message, 8, times.CacheMiss);
        });
        foreach (var batch in model.BatchStats)
        {
            writer.WriteMessage(7, batch, static (message, batch) =>
            {
                WriteCount(message, 1, batch.BatchSize);
                WriteDuration(message, 2, batch.ComputeInput);
                WriteDuration(message, 3, batch.ComputeInfer);
                WriteDuration(message, 4, batch.ComputeOutput);
            });
        }
    }

    private static void WriteDuration(ProtobufWriter writer, int field, StatisticDuration duration) => writer.WriteMessage(field, duration, static (message, duration) =>
    {
        WriteCount(message, 1, duration.Count);
        WriteCount(message, 2, duration.Ns);
    });
}
