namespace BlindAI.Server.Hosting;

/// <summary>The few lines that the server itself says on its standard streams; everything else is a log.</summary>
internal static class StandardStreams
{
#pragma warning disable RS0030 // The one place where the server writes to the console: what a starter of the process waits for.
    public static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    public static void Complain(string line) => Console.Error.WriteLine(line);
#pragma warning restore RS0030
}
