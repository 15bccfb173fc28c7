using System.Diagnostics;
using System.Globalization;
using BlindAI.Testing;

namespace BlindAI.Fuzz.Tests;

/// <summary>Runs every target on its seeds and on changes of them: a fixed number, or for as long as <c>BLINDAI_FUZZ_SECONDS</c> says.</summary>
/// <remarks>
/// <c>BLINDAI_FUZZ_SECONDS=600 dotnet test --project tests/BlindAI.Fuzz.Tests</c> fuzzes each target for ten minutes, with other changes each time. A failure names
/// the input in Base64: put it into <c>seeds/TARGET/</c> as a file, and it is tried for ever.
/// </remarks>
public sealed class FuzzTests
{
    // Loading a model costs about a thousand times what parsing JSON does.
    private static readonly Dictionary<string, int> Rounds = new(StringComparer.Ordinal) { ["onnx"] = 1500, ["int8"] = 1500, ["tar"] = 1500 };

    private const int DefaultRounds = 20_000;

    // What a parser of untrusted bytes may allocate for one input, whatever lengths the input states. Models are loaded by native code and have their own budget.
    private const long MaxAllocatedBytes = 8 << 20;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Keys];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Run_Seeds_EndInAValueOrTheStatedException(string target)
    {
        // At least one must be a value: changes of what is refused at its first byte would reach nothing.
        Assert.Contains(true, Seeds(target).ConvertAll(seed => Try(target, seed)));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Run_ChangedSeeds_EndInAValueOrTheStatedException(string target)
    {
        var seeds = Seeds(target);
        var seconds = Seconds();
        var mutator = new Mutator(seconds == 0 ? 1 : Environment.TickCount);
        var started = Stopwatch.GetTimestamp();
        var rounds = seconds > 0 ? int.MaxValue : Rounds.GetValueOrDefault(target, DefaultRounds);
        for (var round = 0; round < rounds && (seconds == 0 || Stopwatch.GetElapsedTime(started).TotalSeconds < seconds); round++)
        {
            Try(target, mutator.Mutate(seeds[round % seeds.Count], seeds[(round / seeds.Count) % seeds.Count]));
        }
    }

    private static List<byte[]> Seeds(string target)
    {
        var files = Directory.GetFiles(RepositoryRoot.Combine("tests", "BlindAI.Fuzz.Tests", "seeds", target)).Order(StringComparer.Ordinal);
        List<byte[]> seeds = [.. files.Select(File.ReadAllBytes)];
        Assert.NotEmpty(seeds);
        return seeds;
    }

    private static int Seconds() =>
        int.TryParse(Environment.GetEnvironmentVariable("BLINDAI_FUZZ_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    private static bool Try(string target, byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var isValue = FuzzTargets.All[target](input);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return allocated <= MaxAllocatedBytes ? isValue : throw new InvalidOperationException($"{allocated} bytes were allocated.");
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{target}: {exception.GetType().Name} for the input {Convert.ToBase64String(input)}", exception);
        }
    }
}
