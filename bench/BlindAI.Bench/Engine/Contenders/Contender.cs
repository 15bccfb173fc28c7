namespace BlindAI.Bench.Engine.Contenders;

/// <summary>One way to get an answer from a model.</summary>
internal abstract class Contender(string name) : IAsyncDisposable
{
    /// <summary>The name in tables.</summary>
    public string Name { get; } = name;

    /// <summary>Whether callers are threads that run the model themselves, as many as processors at most; otherwise they wait for a server.</summary>
    public virtual bool RunsInProcess => false;

    /// <summary>Brings the model to where it will run. Answers null, or why this contender cannot take part.</summary>
    public abstract Task<string?> PrepareAsync(Workload workload);

    /// <summary>A caller of the prepared model: each call is one request, and answers the output's numbers.</summary>
    public abstract Func<ValueTask<float[]>> MakeCaller();

    public async ValueTask DisposeAsync() => await ReleaseAsync();

    /// <summary>Gives back what was made for the model and its callers.</summary>
    protected virtual Task ReleaseAsync() => Task.CompletedTask;
}
