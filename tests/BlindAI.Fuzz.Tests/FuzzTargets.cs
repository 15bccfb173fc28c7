using System.Buffers;
using System.Formats.Tar;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Precision;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Gate;
using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Ohttp;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;
using BlindAI.Testing;

namespace BlindAI.Fuzz.Tests;

/// <summary>Every parser of bytes that come from outside. Each run ends in a value (true) or in the one exception that the parser states (false).</summary>
internal static class FuzzTargets
{
    private static readonly ProtocolLimits Limits = new() { MaxRequestBytes = 1 << 16, MaxHeaderBytes = 1 << 14 };

    // The root that the seeds are signed under.
    private static readonly TrustAnchors RimRoot = new(new Sha256Digest(Convert.FromHexString("7f9eda64fa6c836e6ca83874183ebcf8eaed9e5523b51983aebb1359df7d2094")));

    // What the inspector lets through goes on to ONNX Runtime, as in the server: both must refuse in good order.
    private static readonly OnnxRuntimeEngine Engine = new(new EngineOptions());

    private static readonly byte[] Int8Weights = [.. Enumerable.Range(0, 96 * 64).SelectMany(index => BitConverter.GetBytes(MathF.Sin(index)))];

    // The keys of the golden sealed messages, which are the seeds.
    private static readonly HpkePrivateKey SealedRequestKey = HpkePrivateKey.FromScalar(Enumerable.Repeat((byte)1, HpkeSuite.PrivateKeyLength).ToArray());
    private static readonly HpkePrivateKey EphemeralKey = HpkePrivateKey.FromScalar(Enumerable.Repeat((byte)2, HpkeSuite.PrivateKeyLength).ToArray());

    public delegate bool Run(ReadOnlySpan<byte> input);

    /// <summary>The targets by the names of their seed folders.</summary>
    public static IReadOnlyDictionary<string, Run> All { get; } = new SortedDictionary<string, Run>(StringComparer.Ordinal)
    {
        ["claims"] = input => Attestation(Claims.Parse, input.ToArray()),
        ["evidence-json"] = input => Attestation(bytes => EvidenceObjectJson.Parse(bytes.Span), input.ToArray()),
        ["evidence-cbor"] = input => Attestation(EvidenceObjectCbor.Parse, input.ToArray()),
        ["certificates"] = input => Attestation(ReadCertificates, input.ToArray()),
        ["dcap-quote"] = input => Attestation(ReadQuote, input.ToArray()),
        ["qe-identity"] = input => Attestation(bytes => ReadSigned(bytes, "enclaveIdentity", QeIdentity.Read), input.ToArray()),
        ["revocation-list"] = input => Attestation(RevocationList.Parse, input.ToArray()),
        ["tcb-info"] = input => Attestation(bytes => ReadSigned(bytes, "tcbInfo", TcbInfo.Read), input.ToArray()),
        ["simulation-report"] = input => Attestation(SimulationReport.Parse, input.ToArray()),
        ["hcl-report"] = input => Attestation(HclReport.Parse, input.ToArray()),
        ["hcl-runtime-data"] = input => Attestation(AzureRuntimeData.Parse, input.ToArray()),
        ["pcr-values"] = input => Attestation(PcrValues.Parse, input.ToArray()),
        ["tpm-quote"] = input => Attestation(TpmQuote.Parse, input.ToArray()),
        ["snp-certificates"] = input => Attestation(ReadSnpCertificates, input.ToArray()),
        ["snp-report"] = input => Attestation(SnpReport.Parse, input.ToArray()),
        ["nitro-document"] = input => Attestation(NitroDocument.Parse, input.ToArray()),
        ["nvidia-report"] = input => Attestation(NvidiaReport.Parse, input.ToArray()),
        ["nvidia-certificate"] = input => Attestation(ReadDeviceCertificate, input.ToArray()),
        ["rim-file"] = ReadRim,
        ["ra-tls"] = input => Attestation(RaTlsEvidence.Parse, input.ToArray()),
        ["nsm-response"] = input => Attestation(NsmAttester.ParseResponse, input.ToArray()),
        ["tpm-response"] = input => Attestation(bytes => ReadTpmResponse(bytes.Span), input.ToArray()),
        ["preface"] = input => Serving(bytes => ReadPreface(new(bytes)), input.ToArray()),
        ["preface-answer"] = input => Attestation(bytes => ReadPrefaceAnswer(bytes.Span), input.ToArray()),
        ["policy"] = input => Attestation(bytes => AttestationPolicy.Parse(bytes.Span), input.ToArray()),
        ["request-header"] = input => Serving(bytes => InferenceRequestHeader.Parse(bytes.Span, Limits), input.ToArray()),
        ["json-body"] = input => Serving(bytes => ReadBody(bytes, pipe => new InferenceBodyReader(pipe, Limits).ReadJsonAsync(CancellationToken.None)), input.ToArray()),
        ["binary-body"] = ReadBinary,
        ["raw-body"] = input => Serving(bytes => ReadBody(bytes, pipe => new InferenceBodyReader(pipe, Limits).ReadRawAsync("x", TensorDatatype.Bytes, [-1], CancellationToken.None)), input.ToArray()),
        ["response"] = ReadResponse,
        ["error-body"] = input => ErrorBody.TryParse(input.ToArray()) is not null,
        ["ohttp-keys"] = input => Sealed(bytes => OhttpKeyConfiguration.Encode(OhttpKeyConfiguration.Parse(bytes)), input.ToArray()),
        ["sealed-request"] = input => ReadSealedRequest(input.ToArray(), OhttpForm.Chunked),
        ["sealed-request-single"] = input => ReadSealedRequest(input.ToArray(), OhttpForm.Single),
        ["sealed-response"] = input => ReadSealedResponse(input.ToArray(), OhttpForm.Chunked),
        ["sealed-response-single"] = input => ReadSealedResponse(input.ToArray(), OhttpForm.Single),
        ["binary-http-request"] = input => ReadBinaryHttp(input.ToArray(), async reader => _ = await reader.ReadRequestHeadAsync()),
        ["binary-http-response"] = input => ReadBinaryHttp(input.ToArray(), async reader => _ = await reader.ReadResponseHeadAsync()),
        ["configuration"] = ReadConfiguration,
        ["protobuf"] = ReadProtobuf,
        ["grpc-infer"] = input => Serving(bytes => GrpcInferenceRequest.Parse(new(bytes), Limits).Dispose(), input.ToArray()),
        ["grpc-infer-pieces"] = input => Serving(bytes => GrpcInferenceRequest.Parse(InPieces(bytes), Limits).Dispose(), input.ToArray()),
        ["grpc-requests"] = ReadGrpcRequests,
        ["onnx"] = input => Serving(bytes => Load(BundleFormat.Onnx, bytes), input.ToArray()),
        ["int8"] = input => Serving(LoadInt8, input.ToArray()),
        ["tar"] = input => Serving(bytes => Load(BundleFormat.Tar, bytes), input.ToArray()),
    };

    private static bool Attestation<T>(Func<ReadOnlyMemory<byte>, T> parse, byte[] input)
    {
        try
        {
            _ = parse(input);
            return true;
        }
        catch (AttestationException exception) when (exception.Code != RejectionCode.Internal)
        {
            return false;
        }
    }

    // What is read after a signature held must stand hostile bytes too: a vendor's key may leak.
    private static object ReadSigned<T>(ReadOnlyMemory<byte> bytes, string name, Func<JsonElement, T> read) => SignedJson.Guarded<object>(name, () =>
    {
        using var json = JsonDocument.Parse(SignedJson.Split(bytes, name).Signed, SignedJson.DocumentOptions);
        return read(json.RootElement)!;
    });

    private static object ReadCertificates(ReadOnlyMemory<byte> bytes)
    {
        foreach (var certificate in Pem.ReadCertificates(bytes))
        {
            _ = certificate.SubjectCommonName + certificate.IssuerCommonName;
            if (certificate.Extensions.ContainsKey(PckCertificate.Extension))
            {
                _ = PckCertificate.Read(certificate);
            }
        }

        return bytes;
    }

    private static object ReadSnpCertificates(ReadOnlyMemory<byte> bytes)
    {
        var table = SnpCertificateTable.Parse(bytes);
        return table.Find(SnpCertificateTable.Vcek) is { } leaf ? SnpLeaf.Parse(Certificate.Parse(leaf)) : table;
    }

    private static object ReadQuote(ReadOnlyMemory<byte> bytes)
    {
        var quote = DcapQuote.Parse(bytes);
        return quote.BodyKind == QuoteBodyKind.Sgx ? SgxReportBody.Parse(quote.Body) : TdReportBody.Parse(quote.Body);
    }

    private static string ReadDeviceCertificate(ReadOnlyMemory<byte> bytes)
    {
        var certificate = Certificate.Parse(bytes);
        _ = DiceExtension.Find(certificate);
        return DistinguishedName.Text(certificate.Subject);
    }

    // Changes never pass the signature, so what comes after it is tried without.
    private static bool ReadRim(ReadOnlySpan<byte> input)
    {
        var bytes = input.ToArray();
        return Attestation(file => RimFile.Verify(file, RimRoot, ForgedEnclave.Now), bytes)
            | Attestation(file => RimFile.Read(RimElement.Parse(file), Sha256Digest.Of(file.Span), ForgedEnclave.Now), bytes);
    }

    private static bool Serving(Action<ReadOnlyMemory<byte>> parse, byte[] input)
    {
        try
        {
            parse(input);
            return true;
        }
        catch (ServingException)
        {
            return false;
        }
    }

    private static void ReadPreface(System.Buffers.ReadOnlySequence<byte> bytes)
    {
        if (GateRequest.IsBegunBy(bytes) == true && GateRequest.TryRead(bytes, out var end) is not null)
        {
            _ = bytes.Slice(end);
        }
    }

    private static GateAnswer ReadPrefaceAnswer(ReadOnlySpan<byte> head) =>
        head.Length < GateAnswer.HeadLength ? default : GateAnswer.Parse(head[..GateAnswer.HeadLength], GateAnswer.MaxEvidenceLength);

    // Parameters are read as every kind of answer that they may be; those that carry no session are answers to PCR_Read and NV_ReadPublic.
    private static bool ReadTpmResponse(ReadOnlySpan<byte> input)
    {
        var hasSession = input is [0x80, 0x02, ..];
        var (code, parameters) = TpmDevice.ParseResponse(input, hasSession);
        if (code != 0)
        {
            return true;
        }

        if (hasSession)
        {
            _ = TpmDevice.ParseQuote(parameters);
        }
        else if (parameters is [0, 0, ..])
        {
            _ = TpmDevice.ParseRegisters(parameters);
        }
        else
        {
            _ = TpmDevice.ParseNvPublic(parameters, 0x01400001);
        }

        return true;
    }

    // The first two bytes are the length that the header states.
    private static bool ReadBinary(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
        {
            return false;
        }

        var headerLength = MemoryMarshal.Read<ushort>(input);
        return Serving(bytes => ReadBody(bytes, pipe => new InferenceBodyReader(pipe, Limits).ReadBinaryAsync(headerLength, CancellationToken.None)), input[2..].ToArray());
    }

    private static bool Sealed(Action<byte[]> read, byte[] input)
    {
        try
        {
            read(input);
            return true;
        }
        catch (OhttpException)
        {
            return false;
        }
    }

    private static bool ReadSealedRequest(byte[] input, OhttpForm form) => SameInPieces(input, body => Sealed(_ =>
    {
        using var opener = OhttpRequestOpener.ReadAsync(body, form, id => id == 1 ? SealedRequestKey : null).AsTask().GetAwaiter().GetResult();
        ReadToEnd(new OhttpReader(body, opener.Chunks));
    }, input));

    private static bool ReadSealedResponse(byte[] input, OhttpForm form) => SameInPieces(input, body => Sealed(_ =>
    {
        using var sealer = OhttpRequestSealer.Create(OhttpKeyConfiguration.Of(1, SealedRequestKey.PublicKey), form, EphemeralKey);
        ReadToEnd(sealer.ReadResponseAsync(body).AsTask().GetAwaiter().GetResult());
    }, input));

    private static bool ReadBinaryHttp(byte[] input, Func<BinaryHttpReader, Task> readHead) => SameInPieces(input, body => Serving(_ =>
    {
        var reader = new BinaryHttpReader(body);
        readHead(reader).GetAwaiter().GetResult();
        ReadToEnd(reader);
    }, input));

    // How bytes arrive decides nothing.
    private static bool SameInPieces(byte[] input, Func<PipeReader, bool> read)
    {
        var isValue = read(PipeReader.Create(new ReadOnlySequence<byte>(input)));
        var isValueInPieces = read(PipeReader.Create(new MemoryStream(input), new(bufferSize: 16, minimumReadSize: 1)));
        return isValue == isValueInPieces ? isValue : throw new InvalidOperationException("In pieces, the outcome is another.");
    }

    private static void ReadToEnd(PipeReader reader)
    {
        reader.CopyToAsync(Stream.Null).GetAwaiter().GetResult();
        reader.Complete();
    }

    private static void ReadBody(ReadOnlyMemory<byte> body, Func<PipeReader, ValueTask<DecodedRequest>> read) =>
        read(PipeReader.Create(new ReadOnlySequence<byte>(body))).AsTask().GetAwaiter().GetResult().Dispose();

    private static bool ReadResponse(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
        {
            return false;
        }

        int? headerLength = MemoryMarshal.Read<ushort>(input) is var length and not ushort.MaxValue ? length : null;
        return Serving(bytes => InferenceResponse.Parse(bytes, headerLength), input[2..].ToArray());
    }

    private static bool ReadConfiguration(ReadOnlySpan<byte> input)
    {
        try
        {
            var entries = new ConfigurationEntries();
            entries.AddJson(input, "fuzz.json");
            _ = ServerSettings.Read(entries).Trust.Document;
            return true;
        }
        catch (ConfigurationException)
        {
            return false;
        }
    }

    // Every one of them reads the input, whatever the others say of it.
    private static bool ReadGrpcRequests(ReadOnlySpan<byte> input)
    {
        Action<ReadOnlyMemory<byte>>[] readers =
        [
            bytes => _ = GrpcInferenceRequest.FindId(InPieces(bytes)),
            bytes => _ = GrpcRequests.ReadEmpty(InPieces(bytes)),
            bytes => _ = GrpcRequests.ReadRepository(InPieces(bytes)),
            bytes => _ = GrpcRequests.ReadModel(InPieces(bytes)),
            bytes => _ = GrpcRequests.ReadHealth(InPieces(bytes)),
            bytes => _ = GrpcRequests.ReadIndex(InPieces(bytes)),
        ];
        var message = input.ToArray();
        return readers[1..].Count(read => Serving(read, message)) + (Serving(readers[0], message) ? 0 : throw new InvalidOperationException("A search for an id refused.")) > 0;
    }

    // As a network leaves them: every length and value is cut somewhere.
    private static ReadOnlySequence<byte> InPieces(ReadOnlyMemory<byte> bytes)
    {
        const int Length = 3;
        var first = new Piece();
        var last = first;
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(Length, bytes.Length)..])
        {
            last = last.Append(bytes[..Math.Min(Length, bytes.Length)]);
        }

        return new(first, 0, last, last.Memory.Length);
    }

    private static bool ReadProtobuf(ReadOnlySpan<byte> input)
    {
        try
        {
            Walk(new ProtobufReader(input, maxDepth: 8));
            return true;
        }
        catch (ProtobufException)
        {
            return false;
        }
    }

    // Which length-delimited fields are messages only a schema knows; here it is those whose number is even.
    private static void Walk(ProtobufReader reader)
    {
        while (reader.TryReadField())
        {
            switch (reader.WireType)
            {
                case ProtobufWireType.Varint: _ = reader.ReadVarint(); break;
                case ProtobufWireType.LengthDelimited when reader.FieldNumber % 2 == 0: Walk(reader.ReadMessage()); break;
                case ProtobufWireType.LengthDelimited when reader.FieldNumber % 3 == 0: _ = reader.ReadString(); break;
                case ProtobufWireType.LengthDelimited: _ = reader.ReadBytes(); break;
                default: reader.SkipField(); break;
            }
        }
    }

    private static void Load(BundleFormat format, ReadOnlyMemory<byte> body)
    {
        using var budget = new ByteBudget(1 << 20, ServingCode.RequestTooLarge, "The fuzzed model");
        using var bundle = BundleReceiver.ReceiveAsync(new MemoryStream(body.ToArray()), format, budget, body.Length).GetAwaiter().GetResult();
        using var model = Engine.Load(bundle, new(), CancellationToken.None);
    }

    // The seeds keep their weights in a file beside them: changes then hit the graph, not the weights.
    private static void LoadInt8(ReadOnlyMemory<byte> model)
    {
        var body = new MemoryStream();
        using (var archive = new TarWriter(body, TarEntryFormat.Ustar, leaveOpen: true))
        {
            archive.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "model.onnx") { DataStream = new MemoryStream(model.ToArray()) });
            archive.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "w.bin") { DataStream = new MemoryStream(Int8Weights) });
        }

        using var budget = new ByteBudget(1 << 20, ServingCode.RequestTooLarge, "The fuzzed model");
        using var bundle = BundleReceiver.ReceiveAsync(new MemoryStream(body.ToArray()), BundleFormat.Tar, budget, body.Length).GetAwaiter().GetResult();
        Int8Loader.Load(Engine, bundle, new(), measures: false, CancellationToken.None).Model.Dispose();
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece { Memory = memory, RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
