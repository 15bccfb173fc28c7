using System.Globalization;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Server.Endpoints;

/// <summary>The query of an upload: what the owner decides beside the bundle itself.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 4; the scheduling parameters have the names of Triton's ModelConfig. Each may stand once.</remarks>
internal static class UploadParameters
{
    private const int MaxBatchSize = 1024;

    private const int MaxPriorityLevels = 16;

    private const int MaxListLength = 100;

    private const int MaxThreads = 256;

    private const int MaxQueueDelayMicroseconds = 1_000_000;

    private static readonly string[] Names =
    [
        "persist", "load", "ttl", "max_batch_size", "preferred_batch_size", "max_queue_delay_microseconds", "priority_levels", "default_priority_level", "intra_op_threads", "precision",
    ];

    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ParameterUnsupported"/>, <see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.PersistenceUnavailable"/>.
    /// </exception>
    public static UploadOptions Read(IQueryCollection query, TimeSpan longest)
    {
        if (query.Keys.FirstOrDefault(key => !Names.Contains(key)) is not null)
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "The upload has an unknown parameter.", $"the parameters are {string.Join(", ", Names)}.");
        }

        if (ReadBoolean(query, "persist", fallback: false))
        {
            throw new ServingException(ServingCode.PersistenceUnavailable, "This server holds models in memory only.", "upload with persist=false; the model lasts until the server stops.");
        }

        return new()
        {
            Load = ReadBoolean(query, "load", fallback: true),
            TimeToLive = query.TryGetValue("ttl", out var ttl) ? ReadTimeToLive(ttl, longest) : null,
            Overrides = ReadOverrides(query),
        };
    }

    private static ModelOverrides ReadOverrides(IQueryCollection query)
    {
        var batch = ReadNumber(query, "max_batch_size", 0, MaxBatchSize);
        var levels = ReadNumber(query, "priority_levels", 0, MaxPriorityLevels);
        var preferred = ReadNumbers(query, "preferred_batch_size", 1, batch is > 0 and var most ? most : MaxBatchSize);
        if (levels is null or 0 && query.ContainsKey("default_priority_level"))
        {
            throw new ServingException(ServingCode.ParameterUnsupported, "\"default_priority_level\" needs \"priority_levels\".");
        }

        return new()
        {
            MaxBatchSize = batch,
            PreferredBatchSizes = preferred,
            MaxQueueDelay = ReadNumber(query, "max_queue_delay_microseconds", 0, MaxQueueDelayMicroseconds) is { } delay ? TimeSpan.FromMicroseconds(delay) : null,
            PriorityLevels = levels,
            DefaultPriorityLevel = ReadNumber(query, "default_priority_level", 1, Math.Max(levels ?? 0, 1)),
            IntraOpThreads = ReadNumber(query, "intra_op_threads", 1, Math.Min(MaxThreads, Environment.ProcessorCount)),
            Precision = ReadPrecision(query),
        };
    }

    private static TimeSpan ReadTimeToLive(string? text, TimeSpan longest)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new ServingException(ServingCode.RequestMalformed, "\"ttl\" is a whole number of seconds.");
        }

        return seconds > 0 && seconds <= (long)longest.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new ServingException(ServingCode.ParameterUnsupported, $"\"ttl\" is 1 to {(long)longest.TotalSeconds} seconds.", "leave it out for a model that stays until it is deleted.");
    }

    private static bool ReadBoolean(IQueryCollection query, string name, bool fallback) => !query.TryGetValue(name, out var value)
        ? fallback
        : (string?)value switch
        {
            "true" => true,
            "false" => false,
            _ => throw new ServingException(ServingCode.RequestMalformed, $"\"{name}\" is true or false."),
        };

    private static ModelPrecision ReadPrecision(IQueryCollection query) => !query.TryGetValue("precision", out var value)
        ? ModelPrecision.AsUploaded
        : (string?)value switch
        {
            "as-uploaded" => ModelPrecision.AsUploaded,
            "int8" => ModelPrecision.DynamicInt8,
            _ => throw new ServingException(ServingCode.ParameterUnsupported, "\"precision\" is as-uploaded or int8.", "leave it out: the model then runs as it was uploaded."),
        };

    private static int? ReadNumber(IQueryCollection query, string name, int least, int most) => query.TryGetValue(name, out var value) ? ParseNumber(value, name, least, most) : null;

    private static int[]? ReadNumbers(IQueryCollection query, string name, int least, int most) =>
        !query.TryGetValue(name, out var value) ? null
        : value is [{ Length: <= MaxListLength } text] ? [.. text.Split(',').Select(part => ParseNumber(part, name, least, most)).Distinct().Order()]
        : throw new ServingException(ServingCode.ParameterUnsupported, $"\"{name}\" is one list of numbers with commas, of at most {MaxListLength} characters.");

    private static int ParseNumber(string? text, string name, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ServingException(ServingCode.ParameterUnsupported, $"\"{name}\" is {least} to {most}.", "give a number in that range, or leave it out for the default.");
}
