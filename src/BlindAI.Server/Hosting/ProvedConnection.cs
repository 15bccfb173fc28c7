namespace BlindAI.Server.Hosting;

/// <summary>The feature of a connection that has been proved to its client, or of a request that came sealed: its client asked who is there before it spoke.</summary>
internal sealed class ProvedConnection
{
    private ProvedConnection()
    {
    }

    public static ProvedConnection Instance { get; } = new();
}
