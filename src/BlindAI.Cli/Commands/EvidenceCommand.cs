using System.CommandLine;
using System.Globalization;
using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Cli.Captured;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai evidence</c>: decodes captured evidence, or verifies it offline.</summary>
internal static class EvidenceCommand
{
    /// <summary>Most bytes of an expected nonce or report data: the largest field that a TEE signs (Nitro's user data).</summary>
    private const int MaxExpectedBytes = 512;

    private static readonly string[] InstantFormats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static Command Create(CliHost host, CommonOptions common) =>
        new("evidence", "Decode captured evidence, or verify it offline.") { CreateShow(host), CreateVerify(host, common) };

    private static Command CreateShow(CliHost host)
    {
        var (path, tee) = (CreatePath(), CreateTee());
        var command = new Command("show", "Decode evidence of any TEE and believe nothing of it. Prints JSON.") { path, tee };
        command.SetAction(arguments =>
        {
            var source = EvidenceSource.Read(arguments.GetValue(path)!, ReadTee(arguments.GetValue(tee)), collateral: null);
            var shown = TeeVerifiers.For(source.Tee).Show(source.Evidence);
            JsonOutput.Write(host.Out, writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("believed", false);
                writer.WriteString("tee", source.Tee.Name);
                writer.WritePropertyName("claims");
                shown.WriteTo(writer);
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateVerify(CliHost host, CommonOptions common)
    {
        var (path, tee) = (CreatePath(), CreateTee());
        var collateral = new Option<string?>("--collateral") { Description = "A folder of collateral, its files named after what they are: tcb_info.json, leaf.der.", HelpName = "DIR" };
        var policy = new Option<string?>("--policy") { Description = "A policy that must accept the evidence too.", HelpName = "FILE" };
        var at = new Option<string?>("--at") { Description = "The instant to verify at, such as 2026-01-31T12:00:00Z (default: what the evidence's folder or file says, else now).", HelpName = "TIME" };
        var nonce = new Option<string?>("--nonce") { Description = "The nonce that the evidence must answer.", HelpName = "HEX" };
        var reportData = new Option<string?>("--report-data") { Description = "The 64 bytes of report data that the evidence must carry.", HelpName = "HEX" };
        var root = new Option<string?>("--dangerously-trust-root")
        {
            Description = "For vendors' samples and test keys: believe in the root of this certificate in place of the vendor's.",
            HelpName = "FILE",
        };
        var text = new Option<bool>("--text") { Description = "Explain the verdict in sentences instead of JSON." };
        var command = new Command("verify", "Verify captured evidence offline: is it authentic, and would it be accepted? Prints JSON.")
        {
            path, tee, collateral, common.CollateralCache, policy, at, nonce, reportData, root, text,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var run = new Verification(host)
            {
                Fetched = common.ReadCollateral(arguments, host),
                Tee = ReadTee(arguments.GetValue(tee)),
                Policy = arguments.GetValue(policy) is { } file ? CommonOptions.LoadPolicy(file) : null,
                At = ReadInstant(arguments.GetValue(at)),
                Nonce = ReadHex("--nonce", arguments.GetValue(nonce)),
                ReportData = ReadHex("--report-data", arguments.GetValue(reportData)),
                TrustedRoot = arguments.GetValue(root) is { } trusted ? TrustedRoot.Read(trusted) : null,
            };
            var verdict = await run.VerifyAsync(arguments.GetValue(path)!, arguments.GetValue(collateral), cancellationToken);
            if (arguments.GetValue(text) && !arguments.GetValue(common.Json))
            {
                verdict.Write(host.Out);
            }
            else
            {
                JsonOutput.Write(host.Out, verdict.Write);
            }

            return verdict.Exit;
        });
        return command;
    }

    private static Argument<string> CreatePath() => new("path")
    {
        Description = "A folder with a case.json, a file of `attest --save`, an evidence object, or a bare quote, report or document.",
        HelpName = "PATH",
    };

    private static Option<string?> CreateTee() => new("--tee") { Description = "The TEE that the evidence is of, where its bytes do not say.", HelpName = "NAME" };

    private static TeeKind? ReadTee(string? name) => name is null ? null
        : TeeKind.FindByName(name) ?? throw new UsageException("--tee names no TEE.", $"the names are {string.Join(", ", TeeKind.All)}.");

    private static DateTimeOffset? ReadInstant(string? text) => text is null ? null
        : DateTimeOffset.TryParseExact(text, InstantFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant) ? instant
        : throw new UsageException("--at is no instant.", "write it as 2026-01-31T12:00:00Z.");

    private static byte[]? ReadHex(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }

        var bytes = new byte[MaxExpectedBytes];
        return Convert.FromHexString(text, bytes, out var consumed, out var written) == System.Buffers.OperationStatus.Done && consumed == text.Length && written > 0
            ? bytes[..written]
            : throw new UsageException($"{option} is not 1 to {MaxExpectedBytes} bytes in hexadecimal.");
    }

    private sealed record Verification(CliHost Host)
    {
        public required CollateralClient? Fetched { get; init; }

        public required TeeKind? Tee { get; init; }

        public required AttestationPolicy? Policy { get; init; }

        public required DateTimeOffset? At { get; init; }

        public required byte[]? Nonce { get; init; }

        public required byte[]? ReportData { get; init; }

        public required Sha256Digest? TrustedRoot { get; init; }

        public async Task<EvidenceVerdict> VerifyAsync(string path, string? collateral, CancellationToken cancellationToken)
        {
            RequireOneExpectation();
            if (TrustedRoot is not null)
            {
                Host.Error.WriteLine("warning: --dangerously-trust-root: a root that YOU named is believed in place of the vendor's. What is verified so proves nothing about hardware.");
            }

            EvidenceSource? source = null;
            try
            {
                source = Expecting(EvidenceSource.Read(path, Tee, collateral));
                if (Fetched is not null)
                {
                    source = source with { Evidence = await Fetched.CompleteAsync(source.Evidence, cancellationToken) };
                }
            }
            catch (AttestationException exception) when (exception.Code != RejectionCode.Internal)
            {
                // Bytes that cannot be read as evidence, or whose collateral cannot be had, are a verdict as well.
                return EvidenceVerdict.Of(exception, source?.Tee ?? Tee, InstantOf(source));
            }

            return EvidenceVerdict.Of(source, InstantOf(source), Policy, At ?? Host.Clock.GetUtcNow(), TrustedRoot);
        }

        private DateTimeOffset InstantOf(EvidenceSource? source) => At ?? source?.At ?? Host.Clock.GetUtcNow();

        private EvidenceSource Expecting(EvidenceSource source)
        {
            if (ReportData is not null && source.Tee == TeeKind.NvidiaGpu)
            {
                throw new UsageException("A GPU answers a nonce and carries no report data.", "pass --nonce HEX.");
            }

            try
            {
                return source.Expecting(Nonce, ReportData);
            }
            catch (AttestationException exception) when (exception.Code == RejectionCode.ValueInvalid)
            {
                throw new UsageException(exception.Reason);
            }
        }

        private void RequireOneExpectation()
        {
            if (Nonce is not null && ReportData is not null)
            {
                throw new UsageException("--nonce and --report-data are two answers to one question.", "pass one of them.");
            }
        }
    }
}
