using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Tests;

/// <summary>An engine whose models take any bundle and do as they are told.</summary>
internal sealed class FakeEngine : IInferenceEngine
{
    private int _alive;

    /// <summary>Loaded and not disposed.</summary>
    public int Alive => Volatile.Read(ref _alive);

    public int Loads { get; private set; }

    public ModelTraits Traits { get; set; }

    public ModelSignature Signature { get; set; } = new([new("x", TensorDatatype.Fp32, [-1])], [new("x", TensorDatatype.Fp32, [-1])]);

    /// <summary>What a load does first; it may throw or block.</summary>
    public Action<ModelBundle, CancellationToken> OnLoad { get; set; } = (_, _) => { };

    /// <summary>What a run does.</summary>
    public Func<InferenceRequest, CancellationToken, InferenceOutputs> OnRun { get; set; } = (request, _) => new InferenceOutputs(request.Inputs);

    public ILoadedModel Load(ModelBundle bundle, ModelOverrides asked, CancellationToken cancellationToken)
    {
        Assert.False(Thread.CurrentThread.IsThreadPoolThread, "Loads must not hold a thread of the pool.");
        OnLoad(bundle, cancellationToken);
        Assert.NotEqual(0, bundle.Files.First().Bytes[0]);
        Loads++;
        _ = Interlocked.Increment(ref _alive);
        return new Model(this);
    }

    private sealed class Model(FakeEngine engine) : ILoadedModel
    {
        private int _disposed;

        public ModelSignature Signature => engine.Signature;

        public ModelTraits Traits => engine.Traits;

        public InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken)
        {
            Assert.Equal(0, _disposed);
            return engine.OnRun(request, cancellationToken);
        }

        public void Dispose()
        {
            Assert.Equal(0, Interlocked.Exchange(ref _disposed, 1));
            _ = Interlocked.Decrement(ref engine._alive);
        }
    }
}
