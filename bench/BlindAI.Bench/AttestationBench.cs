using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Bench;

/// <summary>What verifying real evidence costs on one core: cold (every signature of the vendor anew) and warm (certificates and collateral seen before).</summary>
internal static class AttestationBench
{
    private const int WarmUp = 50;

    private static readonly (string Tee, string Case)[] Cases =
    [
        ("sgx", "signal-cdsi-2026"), ("tdx", "google-v5-2026"), ("snp", "microsoft-genoa-v3"), ("snp", "microsoft-turin-v5"),
        ("nitro", "marlin-2024-02"), ("azure", "trustee-snp-genoa"), ("azure", "trustee-tdx-v0"), ("nvidia", "hopper-550-full-with-rims"),
    ];

    /// <summary>Measures every case, cold and warm by turns, and prints a table or JSON.</summary>
    /// <param name="vectors">The folder of captured evidence.</param>
    /// <param name="runs">Verifications of each kind and case.</param>
    /// <param name="writesJson">Whether to print JSON.</param>
    public static void Run(string vectors, int runs, bool writesJson)
    {
        var results = Cases.Where(name => TeeVerifiers.All.Any(verifier => verifier.Tee.Name == name.Tee)).Select(name => Measure(vectors, name.Tee, name.Case, runs)).ToList();
        var units = MeasureUnits(runs);
        if (writesJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { runs, results, units }, JsonSerializerOptions.Web));
            return;
        }

        Console.WriteLine($"{"case",-34}{"cold p50",12}{"cold min",12}{"per second",12}{"allocated",12}{"warm p50",12}{"warm min",12}{"per second",12}{"allocated",12}");
        foreach (var result in results)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Name,-34}{Columns(result.Cold)}{Columns(result.Warm)}"));
        }

        foreach (var (name, microseconds) in units)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-34}{microseconds / 1000,9:F3} ms"));
        }
    }

    private static string Columns(Cost cost) => string.Create(CultureInfo.InvariantCulture,
        $"{cost.Microseconds / 1000,9:F3} ms{cost.MinimumMicroseconds / 1000,9:F3} ms{1e6 / cost.Microseconds,12:F0}{cost.AllocatedBytes / 1024,9} KiB");

    private static Result Measure(string vectors, string tee, string name, int runs)
    {
        var captured = CapturedEvidence.ReadFolder(Path.Combine(vectors, tee, name));
        var verifier = TeeVerifiers.For(captured.Tee);
        var (cold, warm) = (new List<double>(), new List<double>());
        var (coldBytes, warmBytes) = (0L, 0L);
        for (var run = -WarmUp; run < runs; run++)
        {
            VerifiedSignatures.Clear();
            var first = Time(() => verifier.Verify(captured.Evidence, captured.Challenge, captured.At!.Value), out coldBytes);
            var second = Time(() => verifier.Verify(captured.Evidence, captured.Challenge, captured.At!.Value), out warmBytes);
            if (run >= 0)
            {
                cold.Add(first);
                warm.Add(second);
            }
        }

        return new($"{tee}/{name}", CostOf(cold, coldBytes), CostOf(warm, warmBytes));
    }

    // The arithmetic below everything: one verification, key import included.
    private static Dictionary<string, double> MeasureUnits(int runs)
    {
        var data = new byte[1000];
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(4096);
        var (cert256, cert384, certRsa) = (SelfSigned(new("CN=p256", p256, HashAlgorithmName.SHA256)), SelfSigned(new("CN=p384", p384, HashAlgorithmName.SHA384)),
            SelfSigned(new("CN=rsa", rsa, HashAlgorithmName.SHA384, RSASignaturePadding.Pss)));
        var (signature256, signature384, signatureRsa) = (p256.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
            p384.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence), rsa.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
        return new()
        {
            ["one ECDSA P-256"] = Median(() => VerifiedSignatures.Verify(cert256, SignatureAlgorithm.EcdsaSha256, data, signature256)),
            ["one ECDSA P-384"] = Median(() => VerifiedSignatures.Verify(cert384, SignatureAlgorithm.EcdsaSha384, data, signature384)),
            ["one RSA-4096 PSS"] = Median(() => VerifiedSignatures.Verify(certRsa, SignatureAlgorithm.RsaPssSha384, data, signatureRsa)),
        };

        static Certificate SelfSigned(CertificateRequest request)
        {
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
            return Certificate.Parse(certificate.RawData);
        }

        double Median(Func<bool> verify)
        {
            var times = Enumerable.Range(0, runs + WarmUp).Select(_ => Time(() => verify() ? "" : throw new InvalidOperationException("The signature does not hold."), out long _)).Skip(WarmUp).Order().ToList();
            return times[times.Count / 2];
        }
    }

    private static double Time(Func<object> work, out long allocated)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        _ = work();
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return elapsed;
    }

    private static Cost CostOf(List<double> times, long allocated)
    {
        times.Sort();
        return new(times[times.Count / 2], times[0], allocated);
    }

    private sealed record Cost(double Microseconds, double MinimumMicroseconds, long AllocatedBytes);

    private sealed record Result(string Name, Cost Cold, Cost Warm);
}
