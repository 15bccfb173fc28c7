using System.Diagnostics;
using System.Net.Sockets;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>A real TPM 2.0 in software: swtpm, with a state folder and a socket of its own.</summary>
internal sealed class SoftwareTpm : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-tpm-").FullName;

    private readonly Process _process;

    public SoftwareTpm()
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "swtpm")).FirstOrDefault(File.Exists);
        const string Missing = "The program swtpm is missing (Debian: swtpm).";
        if (program is null)
        {
            Directory.Delete(_folder);
        }

        Assert.False(program is null && RepositoryRoot.IsContinuousIntegration, Missing);
        Assert.SkipWhen(program is null, Missing);
        _process = Process.Start(new ProcessStartInfo(program!, ["socket", "--tpm2", "--tpmstate", $"dir={_folder}", "--server", $"type=unixio,path={Socket}", "--flags", "not-need-init,startup-clear"])
        {
            RedirectStandardError = true,
        })!;
    }

    private string Socket => Path.Combine(_folder, "socket");

    /// <summary>A connection; the TPM takes one at a time.</summary>
    public NetworkStream Connect()
    {
        for (var attempt = 0; ; attempt++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(Socket));
                return new(socket, ownsSocket: true);
            }
            catch (SocketException) when (attempt < 500 && !_process.HasExited)
            {
                socket.Dispose();
                Thread.Sleep(20);
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
