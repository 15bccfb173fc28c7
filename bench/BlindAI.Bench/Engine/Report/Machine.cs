using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Bench.Engine.Report;

/// <summary>Where and with what a run was made.</summary>
internal sealed record Machine(
    string Processor, int Processors, string Kernel, string DotNet, string OnnxRuntime, string OpenSsl, string Node, string LoadBefore, string Commit, bool IsModified, DateTimeOffset Time)
{
    /// <summary>The share of the processors that others took during the run.</summary>
    public double OthersShare { get; init; }

    public static Machine Read()
    {
        var load = string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]);
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        return new(
            processor, Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, OrtEnv.Instance().GetVersionString(), OpenSslVersion(),
            Ask("node", "--version") ?? "none", load, Ask("git", "rev-parse", "HEAD") ?? "unknown", !string.IsNullOrEmpty(Ask("git", "status", "--porcelain", "--untracked-files=no")), TimeProvider.System.GetUtcNow());
    }

    // OPENSSL_VERSION_NUMBER of OpenSSL 3: 0xMNN00PP0.
    private static string OpenSslVersion()
    {
        if (OperatingSystem.IsWindows())
        {
            return "none";
        }

        var version = SafeEvpPKeyHandle.OpenSslVersion;
        return string.Create(CultureInfo.InvariantCulture, $"{version >> 28}.{(version >> 20) & 0xFF}.{(version >> 4) & 0xFF}");
    }

    private static string? Ask(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = Repository.Path() })!;
            var answer = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? answer : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // The program is not there; what it would say is left out.
            return null;
        }
    }
}
