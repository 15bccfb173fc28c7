using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Bench;

/// <summary>What sealing costs on one core: a request and an answer of one size are each sealed and opened, in memory, by chunk size.</summary>
/// <remarks>
/// By chunk size, chunks are sealed into one buffer and opened by the reader of sealed messages. <c>pipes</c> is the whole path of client and server at the chunk size in
/// use: Binary HTTP, the writer, the reader. Ways take turns, one exchange each. Every exchange has fresh keys: an ephemeral pair and two agreements.
/// </remarks>
internal static class SealedBench
{
    private const int KiB = 1 << 10;
    private const int WarmUp = 30;
    private const int BytesPerRound = 1 << 24;
    private const int MaxRunsPerRound = 200;

    private static readonly int[] BodyLengths = [KiB, 16 * KiB, 256 * KiB, 4096 * KiB];
    private static readonly int[] ChunkLengths = [4 * KiB, 16 * KiB, 64 * KiB];

    /// <summary>Measures every size and prints a table or JSON.</summary>
    /// <param name="rounds">Rounds; each has up to 200 exchanges of every way.</param>
    /// <param name="writesJson">Whether to print JSON.</param>
    public static void Run(int rounds, bool writesJson)
    {
        using var key = HpkePrivateKey.Generate();
        var configuration = OhttpKeyConfiguration.Of(1, key.PublicKey);
        var results = BodyLengths.SelectMany(length => Measure(key, configuration, length, rounds)).ToList();
        var units = MeasureUnits(key, rounds);
        if (writesJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { processors = Environment.ProcessorCount, rounds, results, units }, JsonSerializerOptions.Web));
            return;
        }

        Console.WriteLine($"{"body",-10}{"way",-10}{"p50",14}{"min",14}{"p50 per KiB",14}{"min per KiB",14}{"allocated",14}{"sealed",12}");
        foreach (var result in results)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.BodyLength / KiB + " KiB",-10}{result.Way,-10}{result.Microseconds,11:F1} us{result.MinimumMicroseconds,11:F1} us{PerKiB(result, result.Microseconds),11:F3} us{PerKiB(result, result.MinimumMicroseconds),11:F3} us{result.AllocatedBytes / KiB,10} KiB{result.SealedLength,12}"));
        }

        foreach (var (name, microseconds) in units)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44}{microseconds,11:F2} us"));
        }
    }

    // Of request and answer together: each KiB is sealed once and opened once.
    private static double PerKiB(Result result, double microseconds) => microseconds / (2.0 * result.BodyLength / KiB);

    private static List<Result> Measure(HpkePrivateKey key, OhttpKeyConfiguration configuration, int bodyLength, int rounds)
    {
        var body = RandomNumberGenerator.GetBytes(bodyLength);
        var buffer = new byte[(2 * bodyLength) + (1 << 12)];
        List<Way> ways =
        [
            .. ChunkLengths.Select(chunk => new Way($"{chunk / KiB} KiB", () => Exchange(key, configuration, (sealer, _) => SealChunks(sealer, body, chunk, buffer), (reader, _) => Drain(reader)))),
            new("pipes", () => Exchange(key, configuration, (sealer, isRequest) => SealMessage(sealer, body, buffer, isRequest), OpenMessage)),
        ];
        var runs = Math.Clamp(BytesPerRound / bodyLength, 4, MaxRunsPerRound);
        for (var run = -WarmUp; run < rounds * runs; run++)
        {
            foreach (var way in ways)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var started = Stopwatch.GetTimestamp();
                var (opened, sealedLength) = way.Exchange();
                var elapsed = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                if (opened != 2 * bodyLength)
                {
                    throw new InvalidOperationException($"{opened} bytes were opened; {2 * bodyLength} were sealed.");
                }

                way.AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
                way.SealedLength = sealedLength;
                if (run >= 0)
                {
                    way.Times.Add(elapsed);
                }
            }
        }

        return ways.ConvertAll(way => new Result(bodyLength, way.Name, Median(way.Times), way.Times.Min(), way.AllocatedBytes, way.SealedLength));
    }

    // Both directions: the bytes opened, and those of the sealed request.
    private static (long Opened, long SealedLength) Exchange(
        HpkePrivateKey key, OhttpKeyConfiguration configuration, Func<OhttpChunkSealer, bool, ReadOnlyMemory<byte>> seal, Func<OhttpReader, bool, long> open)
    {
        using var sealer = OhttpRequestSealer.Create(configuration);
        var request = seal(sealer.Chunks, true);
        var requestBody = PipeReader.Create(new ReadOnlySequence<byte>(request));
        using var opener = Await(OhttpRequestOpener.ReadAsync(requestBody, OhttpForm.Chunked, _ => key));
        var opened = open(new(requestBody, opener.Chunks), true);
        var response = seal(opener.CreateResponseSealer(), false);
        return (opened + open(Await(sealer.ReadResponseAsync(PipeReader.Create(new ReadOnlySequence<byte>(response)))), false), request.Length);
    }

    private static ReadOnlyMemory<byte> SealChunks(OhttpChunkSealer sealer, ReadOnlySpan<byte> body, int chunkLength, byte[] buffer)
    {
        sealer.Head.Span.CopyTo(buffer);
        var length = sealer.Head.Length;
        for (; body.Length > chunkLength; body = body[chunkLength..])
        {
            length += sealer.SealChunk(body[..chunkLength], isFinal: false, buffer.AsSpan(length));
        }

        length += sealer.SealChunk(body, isFinal: true, buffer.AsSpan(length));
        return buffer.AsMemory(0, length);
    }

    private static ReadOnlyMemory<byte> SealMessage(OhttpChunkSealer sealer, ReadOnlyMemory<byte> body, byte[] buffer, bool isRequest)
    {
        var stream = new MemoryStream(buffer);
        var message = new OhttpWriter(PipeWriter.Create(stream, new(leaveOpen: true)), sealer);
        var writer = isRequest
            ? BinaryHttpWriter.Start(message, new BinaryHttpRequestHead { Method = "POST", Scheme = "https", Authority = "localhost", Path = "/v2/models/m/infer", ContentLength = body.Length })
            : BinaryHttpWriter.Start(message, new BinaryHttpResponseHead { Status = 200, ContentLength = body.Length });
        _ = Await(writer.WriteAsync(body));
        writer.CompleteAsync().AsTask().GetAwaiter().GetResult();
        return buffer.AsMemory(0, (int)stream.Position);
    }

    private static long OpenMessage(OhttpReader message, bool isRequest)
    {
        var reader = new BinaryHttpReader(message);
        _ = isRequest ? (object)Await(reader.ReadRequestHeadAsync()) : Await(reader.ReadResponseHeadAsync());
        return Drain(reader);
    }

    private static long Drain(PipeReader reader)
    {
        for (var length = 0L; ;)
        {
            var result = Await(reader.ReadAsync());
            length += result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                reader.Complete();
                return length;
            }
        }
    }

    // What lies below: the agreements of one exchange, and the cipher alone.
    private static Dictionary<string, double> MeasureUnits(HpkePrivateKey key, int rounds)
    {
        using var sender = HpkeContext.CreateSender(key.PublicKey, HpkeAead.Aes256Gcm, []);
        using var cipher = new AesGcm(new byte[32], HpkeSuite.TagLength);
        var (nonce, tag, plaintext, ciphertext) = (new byte[HpkeSuite.NonceLength], new byte[HpkeSuite.TagLength], new byte[16 * KiB], new byte[16 * KiB]);
        return new()
        {
            ["HPKE, sender (ephemeral pair included)"] = Time(() => HpkeContext.CreateSender(key.PublicKey, HpkeAead.Aes256Gcm, []).Dispose()),
            ["HPKE, recipient"] = Time(() => HpkeContext.CreateRecipient(key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, []).Dispose()),
            ["AES-256-GCM, sealing 16 KiB"] = Time(() => cipher.Encrypt(nonce, plaintext, ciphertext, tag)),
            ["AES-256-GCM, opening 16 KiB"] = Time(() => cipher.Decrypt(nonce, ciphertext, tag, plaintext)),
        };

        double Time(Action work)
        {
            var times = new List<double>();
            for (var run = -WarmUp; run < rounds * MaxRunsPerRound; run++)
            {
                var started = Stopwatch.GetTimestamp();
                work();
                var elapsed = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                if (run >= 0)
                {
                    times.Add(elapsed);
                }
            }

            return Median(times);
        }
    }

    // Everything is in memory, so that nothing waits.
    private static T Await<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private sealed record Way(string Name, Func<(long Opened, long SealedLength)> Exchange)
    {
        public List<double> Times { get; } = [];

        public long AllocatedBytes { get; set; }

        public long SealedLength { get; set; }
    }

    private sealed record Result(int BodyLength, string Way, double Microseconds, double MinimumMicroseconds, long AllocatedBytes, long SealedLength);
}
