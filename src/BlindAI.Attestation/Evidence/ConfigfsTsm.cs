using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BlindAI.Attestation.Evidence;

/// <summary>Linux's folder from which guests read reports and quotes: <c>/sys/kernel/config/tsm/report</c>.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.2; Linux 6.7, Documentation/ABI/testing/configfs-tsm. The kernel takes what is written only when the file is
/// closed and reports no error then, so the generation shows both that our write was taken and that nobody else's was.
/// </remarks>
public sealed class ConfigfsTsm
{
    /// <summary>Where the kernel shows it.</summary>
    public const string DefaultFolder = "/sys/kernel/config/tsm/report";

    /// <summary>Most bytes of a report, a quote or what comes with them: four times what the first kernels hand over.</summary>
    public const int MaxBlobLength = 128 * 1024;

    private const int MaxTextLength = 4096;

    private readonly IConfigfs _configfs;

    private readonly TimeProvider _clock;

    /// <summary>Takes the folder.</summary>
    public ConfigfsTsm(string folder = DefaultFolder)
        : this(new ConfigfsFolder(folder), TimeProvider.System)
    {
    }

    internal ConfigfsTsm(IConfigfs configfs, TimeProvider clock) => (_configfs, _clock) = (configfs, clock);

    internal string Folder => _configfs.Path;

    /// <summary>Which hardware answers: <c>sev_guest</c>, <c>tdx_guest</c> or another.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    public string ReadProvider()
    {
        try
        {
            return InEntry(entry => ReadText(entry, "provider"));
        }
        catch (Exception exception) when (DeviceFault.IsFault(exception))
        {
            throw Explain(exception);
        }
    }

    /// <summary>Has the hardware sign report data.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    internal ValueTask<TsmReport> ReportAsync(ReportData reportData, string provider, CancellationToken cancellationToken) =>
        Patience.AskAsync(() => new ValueTask<TsmReport?>(TryReport(reportData, provider)), Folder, _clock, cancellationToken);

    // Null: busy, or another program wrote in between.
    private TsmReport? TryReport(ReportData reportData, string provider)
    {
        try
        {
            return InEntry(entry =>                                                               // 1, and 8 at its end
            {
                var generation = ReadGeneration(entry);                                           // 2
                _configfs.Write(entry, "inblob", reportData.Bytes);                               // 3
                var answers = ReadText(entry, "provider");                                        // 4
                Reject.Unless(answers == provider, RejectionCode.EvidenceUnavailable, $"{Folder} is answered by another provider than {provider}.", "restart the server: it looks for its TEE when it starts.");
                var evidence = _configfs.Read(entry, "outblob", MaxBlobLength);                   // 5
                var auxiliary = ReadAuxiliary(entry);                                             // 6
                if (ReadGeneration(entry) != generation + 1)                                      // 7
                {
                    return null;
                }

                Reject.Unless(evidence.Length > 0, RejectionCode.EvidenceUnavailable, $"{Folder} gave an empty outblob.");
                return new TsmReport(evidence, auxiliary);
            });
        }
        catch (IOException exception) when (DeviceFault.IsPassing(exception.HResult))
        {
            return null;
        }
        catch (Exception exception) when (DeviceFault.IsFault(exception))
        {
            throw Explain(exception);
        }
    }

    private T InEntry<T>(Func<string, T> use)
    {
        var entry = $"blindai-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        _configfs.MakeEntry(entry);
        try
        {
            return use(entry);
        }
        finally
        {
            _configfs.RemoveEntry(entry);
        }
    }

    private string ReadText(string entry, string attribute) => Encoding.ASCII.GetString(_configfs.Read(entry, attribute, MaxTextLength)).Trim();

    private ulong ReadGeneration(string entry) => ulong.TryParse(ReadText(entry, "generation"), NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
        ? generation
        : throw DeviceFault.Unavailable($"{Folder} gave a generation that is no number.");

    // TDX has nothing to add, and kernels show the attribute or not.
    private byte[] ReadAuxiliary(string entry)
    {
        try
        {
            return _configfs.Read(entry, "auxblob", MaxBlobLength);
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private AttestationException Explain(Exception exception) => exception is DirectoryNotFoundException
        ? DeviceFault.Unavailable($"{Folder} is not there.", "mount configfs (mount -t configfs none /sys/kernel/config); the kernel must be Linux 6.7 or newer.", exception)
        : DeviceFault.Explain(Folder, exception);
}
