using System.Collections;
using System.Text;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>What the process does to itself before it holds a secret: no dumps, no diagnostics, nothing injected, nothing swapped out.</summary>
/// <remarks>Source: docs/threat-model.md, "What the server does to itself".</remarks>
internal static class StartupHardening
{
    private const string DiagnosticsSwitch = "DOTNET_EnableDiagnostics";

    // Each loads foreign code or settings into the process beside the measured ones, writes its memory to a file, or its TLS secrets.
    private static readonly string[] InjectingVariables =
    [
        "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE",
        "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE", "DOTNET_GCName", "DOTNET_GCPath", "DOTNET_DbgEnableMiniDump", "COMPlus_DbgEnableMiniDump",
        "CORECLR_ENABLE_PROFILING", "CORECLR_PROFILER", "CORECLR_PROFILER_PATH", "CORECLR_PROFILER_PATH_64",
    ];

    // Not RuntimeFeature.IsDynamicCodeSupported: PublishAot answers false for it under JIT too. Only the JIT's host passes a list of assemblies.
    private static bool IsNative => AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is null;

    /// <summary>Under JIT, starts this program again in the same process with the runtime's diagnostics off; a native binary has none.</summary>
    /// <remarks>The runtime opens its socket before Main, and only the environment can prevent that. A setting in runtimeconfig.json has no effect.</remarks>
    /// <exception cref="ConfigurationException">Diagnostics cannot be switched off.</exception>
    public static void RestartWithoutDiagnostics()
    {
        if (IsNative || !OperatingSystem.IsLinux())
        {
            return;
        }

        if (Environment.GetEnvironmentVariable(DiagnosticsSwitch) == "0")
        {
            return;
        }

        // The socket and pipes of this first start would stay behind as dead files: the runtime removes them only at an orderly exit.
        var temporary = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } folder ? folder : "/tmp";
        string[] patterns = [$"*-diagnostic-{Environment.ProcessId}-*", $"clr-debug-pipe-{Environment.ProcessId}-*"];
        foreach (var file in patterns.SelectMany(pattern => Directory.EnumerateFiles(temporary, pattern)))
        {
            File.Delete(file);
        }

        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => (string)variable.Key != DiagnosticsSwitch)
            .Select(variable => $"{variable.Key}={variable.Value}")
            .Append($"{DiagnosticsSwitch}=0");
        var arguments = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[..^1];
        var error = LinuxProcess.Replace(Environment.ProcessPath!, arguments, [.. environment]);
        throw new ConfigurationException($"The server could not start itself again without diagnostics (error {error}). Set {DiagnosticsSwitch}=0.");
    }

    /// <summary>Forbids dumps; outside simulation refuses to start where memory could leave the process or foreign code enter it.</summary>
    /// <exception cref="ConfigurationException">The environment is not fit; the message says what to change.</exception>
    public static void Apply(bool isSimulation)
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxProcess.ForbidDumps();
        }
        else if (!isSimulation)
        {
            throw new ConfigurationException("Outside simulation the server runs on Linux only.");
        }

        if (!isSimulation)
        {
            RefuseInjection(Environment.GetEnvironmentVariable);
            RefuseSwap("/proc/swaps");
        }
    }

    /// <exception cref="ConfigurationException">A variable injects code.</exception>
    internal static void RefuseInjection(Func<string, string?> variable)
    {
        var set = InjectingVariables.Where(name => !string.IsNullOrEmpty(variable(name))).ToList();
        if (set.Count > 0)
        {
            throw new ConfigurationException($"{string.Join(", ", set)} would load foreign code into the enclave. Unset it.");
        }
    }

    /// <param name="file">The kernel's list: one heading, then a line for each swap area. An enclave's own kernel may have no such file, and no swap.</param>
    /// <exception cref="ConfigurationException">Swap is on.</exception>
    internal static void RefuseSwap(string file)
    {
        if (File.Exists(file) && File.ReadLines(file).Skip(1).Any(line => !string.IsNullOrWhiteSpace(line)))
        {
            throw new ConfigurationException("Swap is on, so data could reach a disk in clear. Run 'swapoff -a' in the guest.");
        }
    }
}
