using System.Globalization;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Precision;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Server.Endpoints;

/// <summary>What the catalogue knows of models, in the protocol's messages: one source for REST and gRPC.</summary>
internal static class ModelFacts
{
    private const int NanosecondsPerTick = 100;

    /// <summary>The platform of ONNX models, as Triton names it.</summary>
    private const string Platform = "onnxruntime_onnx";

    /// <summary>The backend, as Triton names it.</summary>
    private const string Backend = "onnxruntime";

    /// <exception cref="ServingException"><see cref="ServingCode.ModelNotFound"/>.</exception>
    public static ModelDescription Find(ModelCatalogue catalogue, NamespaceName owner, ModelName name, int? version) => catalogue.Find(owner, name, version) ?? throw NotFound();

    /// <summary>All versions of a model, or the one of a number.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelNotFound"/>.</exception>
    public static IReadOnlyList<ModelDescription> FindAll(ModelCatalogue catalogue, NamespaceName owner, ModelName name, int? version)
    {
        var found = catalogue.List(owner).Where(model => model.Name == name && (version is null || model.Version == version)).ToList();
        return found.Count > 0 ? found : throw NotFound();
    }

    /// <summary>The wire form of an input's or output's description.</summary>
    public static TensorDescription Describe(TensorMetadata tensor) => new(tensor.Name, tensor.Datatype.WireName(), [.. tensor.Shape])
    {
        Parameters = tensor.IsOptional ? new(Optional: true) : null,
    };

    /// <summary>The wire form of what runs in a model's place.</summary>
    public static DerivedModel? Describe(DerivedForm? derived) => derived is null ? null : new()
    {
        Transformation = derived.Transformation,
        Sha256 = derived.Sha256,
        Matrices = derived.Matrices,
        Accuracy = derived.Accuracy is { } note ? new(note.Runs, note.MaxAbsoluteDifference, note.RelativeRms) : null,
    };

    public static ModelMetadata Metadata(ModelCatalogue catalogue, ModelDescription model) => new()
    {
        Name = model.Name.Value,
        Versions = [.. catalogue.List(model.Namespace).Where(other => other.Name == model.Name).Select(other => Text(other.Version))],
        Platform = Platform,
        Inputs = [.. model.Signature.Inputs.Select(Describe)],
        Outputs = [.. model.Signature.Outputs.Select(Describe)],
        Version = model.Version,
        Digest = model.Digest.Value,
        Derived = Describe(model.Derived),
    };

    public static ModelConfig Config(ModelDescription model)
    {
        var configuration = model.Configuration;
        var isBatched = configuration.MaxBatchSize > 0;
        return new()
        {
            Name = model.Name.Value,
            Platform = Platform,
            Backend = Backend,
            MaxBatchSize = configuration.MaxBatchSize,
            Input = [.. model.Signature.Inputs.Select(input => Configure(input, isBatched))],
            Output = [.. model.Signature.Outputs.Select(output => Configure(output, isBatched))],
            InstanceGroup = [new(model.Name.Value, 1, "KIND_CPU")],
            DynamicBatching = isBatched
                ? new(configuration.PreferredBatchSizes, (long)configuration.MaxQueueDelay.TotalMicroseconds, configuration.PriorityLevels, configuration.DefaultPriorityLevel)
                : null,
            Parameters = new SortedDictionary<string, ModelParameter>(StringComparer.Ordinal)
            {
                ["blindai_batching_reason"] = new(configuration.BatchingReason),
                ["blindai_model_digest"] = new(model.Digest.Value),
                ["blindai_precision"] = new(configuration.Precision == ModelPrecision.DynamicInt8 ? "int8" : "as-uploaded"),
                ["blindai_priority_levels"] = new(Text(configuration.PriorityLevels)),
                ["intra_op_thread_count"] = new(Text(configuration.IntraOpThreads)),
            },
        };
    }

    public static ModelStatisticsList Statistics(IEnumerable<ModelDescription> models) => new([.. models.Select(Count)]);

    /// <summary>The index of a namespace.</summary>
    /// <param name="models">Its model versions.</param>
    /// <param name="onlyReady">Whether those that are not loaded are left out.</param>
    public static IReadOnlyList<RepositoryEntry> Index(IEnumerable<ModelDescription> models, bool onlyReady) =>
        [.. models.Where(model => !onlyReady || model.State == ModelState.Ready)
            .Select(model => new RepositoryEntry(model.Name.Value, Text(model.Version), StateOf(model), model.State == ModelState.Ready ? "" : "unloaded"))];

    /// <summary>The state of a model version, in Triton's words.</summary>
    public static string StateOf(ModelDescription model) => model.State == ModelState.Ready ? "READY" : "UNAVAILABLE";

    private static ServingException NotFound() => new(ServingCode.ModelNotFound, "No such model or version.", "list the models of this namespace.");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // Where a model is batched, Triton's dimensions are those of one row.
    private static ModelConfigTensor Configure(TensorMetadata tensor, bool isBatched) =>
        new(tensor.Name, DataTypeOf(tensor.Datatype), [.. tensor.Shape.Skip(isBatched ? 1 : 0)]) { Optional = tensor.IsOptional };

    private static string DataTypeOf(TensorDatatype datatype) => datatype == TensorDatatype.Bytes ? "TYPE_STRING" : $"TYPE_{datatype.WireName()}";

    private static ModelStatisticsEntry Count(ModelDescription model)
    {
        var statistics = model.Statistics;
        return new()
        {
            Name = model.Name.Value,
            Version = Text(model.Version),
            LastInference = statistics.LastInference?.ToUnixTimeMilliseconds() ?? 0,
            InferenceCount = statistics.Inferences,
            ExecutionCount = statistics.Executions,
            InferenceStats = new()
            {
                Success = Sum(statistics.Success.Read()),
                Fail = Sum(statistics.Fail.Read()),
                Queue = Sum(statistics.Queue.Read()),
                ComputeInput = Sum(statistics.ComputeInput.Read()),
                ComputeInfer = Sum(statistics.ComputeInfer.Read()),
                ComputeOutput = Sum(statistics.ComputeOutput.Read()),
            },
            BatchStats = [.. statistics.Batches.Select(batch => new InferenceBatchStatistics(batch.BatchSize, Sum(batch.ComputeInput), Sum(batch.ComputeInfer), Sum(batch.ComputeOutput)))],
        };
    }

    private static StatisticDuration Sum(DurationCount duration) => new(duration.Count, duration.Total.Ticks * NanosecondsPerTick);
}
