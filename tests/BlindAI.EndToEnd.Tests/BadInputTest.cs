namespace BlindAI.EndToEnd.Tests;

/// <summary>Tests that send what no honest client sends. After each, the server serves as before, and has neither kept nor said what it was sent.</summary>
public abstract class BadInputTest(StrictServer server) : IAsyncLifetime
{
    /// <summary>A value that tests put where callers put theirs. No answer and no log may hold it.</summary>
    public const string Secret = "Zm9yLXlvdXItZXllcw";

    protected StrictServer Server => server;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await server.AssertUnharmedAsync();
        Assert.DoesNotContain(server.Server.Log, line => line.Contains(Secret, StringComparison.Ordinal));
    }
}
