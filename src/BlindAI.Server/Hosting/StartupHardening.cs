using System.Collections;
using System.Text;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>What the process does to itself before it holds a secret: no dumps, no diagnostics, nothing injected, nothing swapped out.</summary>
/// <remarks>Source: docs/threat-model.md, "What the server does to itself".</remarks>
internal static class StartupHardening
{
    private const string DiagnosticsSwitch = "DOTNET_EnableDiagnostics";

    // Each loads foreign code or settings into the process beside the measured ones, or writes its TLS secrets to a file.
    private static readonly string[] InjectingVariables =
    [
        "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "CLR_OPENSSL_VERSION_OVERRIDE", "SSLKEYLOGFILE",
        "ORT_LOAD_CONFIG_FROM_MODEL",
    ];

    // What the runtime reads under both of its prefixes: code beside the program, dumps, traces and logs of what it does. A trace holds the texts of
    // exceptions, and so data.
    private static readonly string[] RuntimePrefixes = ["DOTNET_", "COMPlus_"];

    private static readonly string[] InjectingRuntimeSettings =
        ["STARTUP_HOOKS", "ADDITIONAL_DEPS", "SHARED_STORE", "GCName", "GCPath", "Dbg", "EnableEventPipe", "EventPipe", "DiagnosticPorts", "PerfMap", "StressLog", "Jit", "GCLog"];

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

        var all = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (Name: (string)variable.Key, Value: (string?)variable.Value)).ToList();
        var kept = all.Where(variable => variable.Name != DiagnosticsSwitch && !IsInjectingRuntimeVariable(variable.Name)).ToList();
        if (kept.Count == all.Count - 1 && Environment.GetEnvironmentVariable(DiagnosticsSwitch) == "0")
        {
            return;
        }

        // The socket and pipes of this first start would stay behind as dead files: the runtime removes them only at an orderly exit.
        var temporary = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } folder ? folder : "/tmp";
        string[] patterns = Directory.Exists(temporary) ? [$"*-diagnostic-{Environment.ProcessId}-*", $"clr-debug-pipe-{Environment.ProcessId}-*"] : [];
        foreach (var file in patterns.SelectMany(pattern => Directory.EnumerateFiles(temporary, pattern)))
        {
            File.Delete(file);
        }

        var environment = kept.Select(variable => $"{variable.Name}={variable.Value}").Append($"{DiagnosticsSwitch}=0");
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
            RefuseInjection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Where(variable => !string.IsNullOrEmpty((string?)variable.Value)).Select(variable => (string)variable.Key));
            RefuseSwap("/proc/swaps");
        }
    }

    /// <param name="variables">The names of the variables that are set.</param>
    /// <exception cref="ConfigurationException">A variable injects code, or lets data out.</exception>
    internal static void RefuseInjection(IEnumerable<string> variables)
    {
        var set = variables.Where(name => InjectingVariables.Contains(name) || IsInjectingRuntimeVariable(name)).Order(StringComparer.Ordinal).ToList();
        if (set.Count > 0)
        {
            throw new ConfigurationException($"{string.Join(", ", set)} would load foreign code into the enclave, or let data out of it. Unset it.");
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

    private static bool IsInjectingRuntimeVariable(string name) =>
        name.StartsWith("CORECLR_", StringComparison.OrdinalIgnoreCase)
        || Array.Exists(RuntimePrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            && Array.Exists(InjectingRuntimeSettings, setting => name.AsSpan(prefix.Length).StartsWith(setting, StringComparison.OrdinalIgnoreCase)));
}
