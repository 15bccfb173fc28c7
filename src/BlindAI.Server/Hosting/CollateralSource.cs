using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>Fetches collateral that evidence carries to clients, where the settings ask for it. Source: docs/configuration.md, clause 3.1.</summary>
internal static class CollateralSource
{
    /// <summary>What completes evidence; null where nothing is to be fetched.</summary>
    /// <exception cref="ConfigurationException">The folder cannot be used.</exception>
    public static Func<TeeEvidence, CancellationToken, Task<TeeEvidence>>? Create(ServerSettings settings)
    {
        if (settings.CollateralCacheFolder is not { } folder)
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(folder);
            var options = new CollateralOptions { Cache = new CollateralCache(folder) };

            // One handler for the life of the process.
            return new CollateralClient(new HttpMessageInvoker(CollateralClient.CreateHandler()), settings.CollateralPccsUrl is { } url ? options.WithPccs(url) : options).CompleteAsync;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Collateral:CacheFolder cannot be used: {exception.Message}");
        }
    }
}
