namespace BlindAI.Architecture.Tests;

/// <summary>Which assembly may use which: one trunk, two legs, one side door.</summary>
/// <remarks>A name that ends in a dot is a prefix. What is compiled counts, not what project files say.</remarks>
public sealed class ReferenceRuleTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["BlindAI.Attestation"] = ["System."],
        ["BlindAI.Protocol"] = ["System.", "BlindAI.Attestation"],
        ["BlindAI.Inference"] = ["System.", "BlindAI.Attestation", "BlindAI.Protocol", "Microsoft.ML.OnnxRuntime"],
        ["BlindAI.Server"] = ["System.", "BlindAI.Attestation", "BlindAI.Protocol", "BlindAI.Inference", "Microsoft.AspNetCore", "Microsoft.AspNetCore.", "Microsoft.Extensions.", "Grpc."],
        ["BlindAI.Client"] = ["System.", "BlindAI.Attestation", "BlindAI.Protocol"],
        ["BlindAI.Cli"] = ["System.", "BlindAI.Attestation", "BlindAI.Protocol", "BlindAI.Client"],
        ["BlindAI.Native"] = ["System.", "BlindAI.Attestation", "BlindAI.Protocol", "BlindAI.Client"],
    };

    // Where each of these is the reason that a type exists.
    private static readonly (string Member, string User, string Reason)[] BannedButHere =
    [
        ("System.Console.", "BlindAI.Server.Hosting.StandardStreams", "the one line that whoever starts the server waits for"),
    ];

    private static readonly string[] Banned =
    [
        "System.Random.", "System.Console.", "System.DateTime.get_UtcNow", "System.DateTime.get_Now", "System.DateTimeOffset.get_UtcNow", "System.DateTimeOffset.get_Now",
    ];

    private static readonly string[] NamesWithoutSubject = ["Manager", "Helper", "Helpers", "Util", "Utils"];

    // TeeKind.IsHardware decides nothing but these: a check that asks for it elsewhere would be one that simulation cannot exercise.
    private static readonly Dictionary<string, string> ReadersOfIsHardware = new(StringComparer.Ordinal)
    {
        ["BlindAI.Server.Hosting.ServerHost"] = "start-up: warns in the log that simulation protects nothing",
        ["BlindAI.Attestation.Policy.AttestationPolicy"] = "policy: a policy that accepts simulation says so and accepts no hardware beside it",
        ["BlindAI.Attestation.Policy.PolicyExplanation"] = "watermark: an explained policy says that it accepts simulation",
        ["BlindAI.Attestation.Evidence.EnclaveVerifier"] = "watermark: the steps that were proved, and the refusal of simulation, say SIMULATION",
        ["BlindAI.Cli.Attest.EnclaveReport"] = "watermark: the explanation of what was proved, and of what simulation does not prove",
        ["BlindAI.Cli.ServerTarget"] = "watermark: the line beside every answer of a simulation",
        ["BlindAI.Cli.Attest.UnverifiedClaim"] = "watermark: what an unverified server says of itself",
    };

    public static TheoryData<string> Projects => [.. CompiledAssembly.Projects];

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_OfEveryProject_AreTheAllowedOnes(string project)
    {
        using var assembly = CompiledAssembly.Open(project);
        var allowed = Allowed[project];

        Assert.DoesNotContain(assembly.References, reference => !Array.Exists(allowed, rule => rule == reference || (rule.EndsWith('.') && reference.StartsWith(rule, StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("BlindAI.Attestation")]
    [InlineData("BlindAI.Protocol")]
    public void References_OfTheTrunk_HoldNoLoggerAndNoConsole(string project)
    {
        using var assembly = CompiledAssembly.Open(project);

        Assert.DoesNotContain(assembly.References, reference =>
            reference is "System.Console" or "System.Diagnostics.TraceSource" or "System.Diagnostics.EventLog" || reference.Contains("Logging", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Types_OfEveryProject_AreNamedForWhatTheyAre(string project)
    {
        using var assembly = CompiledAssembly.Open(project);

        Assert.DoesNotContain(assembly.Types, type => Array.Exists(NamesWithoutSubject, name => type.EndsWith(name, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Uses_OfClocksRandomAndConsole_AreWhereTheyAreAllowed(string project)
    {
        using var assembly = CompiledAssembly.Open(project);
        var users = assembly.Uses()
            .Where(use => Array.Exists(Banned, banned => use.Member.StartsWith(banned, StringComparison.Ordinal) || use.Member + "." == banned))
            .Where(use => !(project == "BlindAI.Cli" && use.Member.StartsWith("System.Console.", StringComparison.Ordinal)))
            .Where(use => !Array.Exists(BannedButHere, exception => use.User == exception.User && use.Member.StartsWith(exception.Member, StringComparison.Ordinal)))
            .Distinct();

        Assert.Empty(users);
    }

    // A socket's exception is how .NET names an errno; a channel binding is read from a connection that somebody else opened.
    private static readonly string[] OpensNothing = ["System.Net.Sockets.SocketException", "System.Net.Security.SslStream.get_TransportContext", "System.Net.TransportContext.GetChannelBinding"];

    [Fact]
    public void Uses_OfTheNetworkInAttestation_AreInCollateralOnly()
    {
        using var assembly = CompiledAssembly.Open("BlindAI.Attestation");

        var users = assembly.Uses()
            .Where(use => use.Member.StartsWith("System.Net.", StringComparison.Ordinal) && !Array.Exists(OpensNothing, member => use.Member.StartsWith(member, StringComparison.Ordinal)))
            .Select(use => use.User).Distinct().ToList();

        Assert.NotEmpty(users);
        Assert.All(users, user => Assert.StartsWith("BlindAI.Attestation.Collateral.", user, StringComparison.Ordinal));
    }

    [Fact]
    public void Uses_OfIsHardware_AreInTheNamedTypesOnly()
    {
        var users = CompiledAssembly.Projects.SelectMany(project =>
        {
            using var assembly = CompiledAssembly.Open(project);
            return assembly.Uses().Where(use => use.Member == "BlindAI.Attestation.TeeKind.get_IsHardware").Select(use => use.User).ToList();
        }).Distinct();

        // Both ways: an entry that nothing needs any more goes as well.
        Assert.Equal(ReadersOfIsHardware.Keys.Order(StringComparer.Ordinal), users.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Uses_OfTheServer_ShowTheConsoleWhereItIsAllowed()
    {
        // The walk over instructions finds what is there: otherwise the other tests would pass by seeing nothing.
        using var assembly = CompiledAssembly.Open("BlindAI.Server");

        Assert.Contains(("BlindAI.Server.Hosting.StandardStreams", "System.Console.get_Out"), assembly.Uses());
    }
}
