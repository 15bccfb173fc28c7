using System.Text.RegularExpressions;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Engines;

/// <summary>ONNX Runtime on the processor.</summary>
/// <remarks>
/// Models come from memory only; ONNX Runtime is never given a path. Settings that were measured: every graph optimisation (2 times on
/// convolutional networks), one thread inside a run, no spinning (it costs 1.8 times on a shared core).
/// </remarks>
public sealed partial class OnnxRuntimeEngine : IInferenceEngine
{
    private readonly EngineOptions _options;

    /// <summary>Makes an engine; ONNX Runtime is set up on the way.</summary>
    public OnnxRuntimeEngine(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        OnnxRuntimeEnvironment.Initialize();
    }

    /// <inheritdoc/>
    public ILoadedModel Load(ModelBundle bundle, ModelOverrides asked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(asked);
        var facts = OnnxInspector.Inspect(bundle);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var session = Open(facts, asked.IntraOpThreads ?? _options.IntraOpThreads, cancellationToken);
            try
            {
                return new OnnxRuntimeModel(session, ReadSignature(session, facts), facts.Traits);
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OnnxRuntimeException exception)
        {
            throw Explain(exception);
        }
        finally
        {
            NativeHeap.Trim();
        }
    }

    private static InferenceSession Open(OnnxFacts facts, int threads, CancellationToken cancellationToken)
    {
        using var options = MakeOptions(facts, threads);
        using var cancel = cancellationToken.UnsafeRegister(static options => ((SessionOptions)options!).SetLoadCancellationFlag(true), options);
        return new InferenceSession(facts.Model.Bytes, options);
    }

    private static SessionOptions MakeOptions(OnnxFacts facts, int threads)
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");

        // On processors without VNNI, products of 8-bit integers would saturate at 16 bits without it.
        options.AddSessionConfigEntry("session.x64quantprecision", "1");

        // Without it the bytes decide, and a file can be protobuf to one reader and a flatbuffer to another.
        options.AddSessionConfigEntry("session.load_model_format", "ONNX");
        if (facts.ExternalFiles.Count > 0)
        {
            OnnxRuntimeApi.AddExternalFiles(options, facts.ExternalFiles);
        }

        return options;
    }

    // ONNX Runtime lists inputs that have a default apart, as "overridable initializers"; here they stand where the model has them.
    private static ModelSignature ReadSignature(InferenceSession session, OnnxFacts facts)
    {
        var inputs = session.InputNames.Select(name => Describe("input", name, session.InputMetadata[name], facts))
            .Concat(session.OverridableInitializerMetadata.Select(input => Describe("input", input.Key, input.Value, facts) with { IsOptional = true }))
            .ToDictionary(input => input.Name, StringComparer.Ordinal);
        return new(
            [.. facts.Inputs.Distinct(StringComparer.Ordinal).Where(inputs.ContainsKey).Select(name => inputs[name])],
            [.. session.OutputNames.Select(name => Describe("output", name, session.OutputMetadata[name], facts))]);
    }

    private static TensorMetadata Describe(string role, string name, NodeMetadata metadata, OnnxFacts facts)
    {
        // The inspection has seen what the model states; this is what ONNX Runtime infers where it states no type.
        if (metadata.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The {role} \"{name}\" is no tensor, and the protocol carries tensors.", OnnxInspector.NotTensorHint);
        }

        var datatype = OnnxTypes.Find((int)metadata.ElementDataType) ?? throw OnnxInspector.NotCarried(role, name);
        return new TensorMetadata(name, datatype, facts.WithoutRank.Contains(name) && metadata.Dimensions.Length == 0
            ? null
            : [.. metadata.Dimensions.Select(dimension => dimension < 0 ? TensorMetadata.Variable : dimension)]);
    }

    // Of ONNX Runtime's text only the operator is passed on: the rest can quote the model.
    private static ServingException Explain(OnnxRuntimeException exception)
    {
        var missing = MissingOperator().Match(exception.Message);
        if (missing.Success)
        {
            return new(ServingCode.ModelUnsupported,
                $"The model uses the operator \"{missing.Groups["operator"].Value}\", which is not available in this version or for this type.",
                "export it with another opset, or without that operator.");
        }

        var code = ErrorCode().Match(exception.Message) is { Success: true } match ? match.Groups["code"].Value : "unknown";
        return new(ServingCode.ModelInvalid, $"ONNX Runtime does not load the model ({code}).", "check it with onnx.checker.check_model and a local ONNX Runtime.");
    }

    [GeneratedRegex("(?:No Op registered for |Could not find an implementation for |Fatal error: )(?<operator>[A-Za-z0-9_.:]{1,100})[ (]")]
    private static partial Regex MissingOperator();

    [GeneratedRegex(@"^\[ErrorCode:(?<code>\w{1,40})\]")]
    private static partial Regex ErrorCode();
}
