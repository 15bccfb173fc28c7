using System.Buffers.Binary;
using System.Text;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using CsCheck;

namespace BlindAI.Protocol.Tests.Inference;

/// <summary>What the client writes the server reads, and the other way round, for any tensors.</summary>
public sealed class InferenceCodecPropertyTests
{
    private static readonly Gen<Tensor> AnyTensor =
        from datatype in Gen.Enum<TensorDatatype>()
        from shape in Gen.Long[0, 4].Array[0, 4]
        from seed in Gen.Byte
        select Fill(datatype, new(shape), seed);

    private static readonly Gen<NamedTensor[]> AnyTensors =
        Gen.Select(Gen.String[1, 20].Where(IsText), AnyTensor).Array[0, 5]
            .Select(pairs => pairs.DistinctBy(pair => pair.Item1).Select(pair => new NamedTensor(pair.Item1, pair.Item2)).ToArray());

    [Fact]
    public void ReadBinaryAsync_AnyRequestOfTheClient_GivesItsTensors() => AnyTensors.Select(Gen.Int[1, 100]).Sample(
        (inputs, piece) =>
        {
            var header = InferenceRequestEncoder.EncodeHeader(inputs, new());
            byte[] body = [.. header.Span, .. inputs.SelectMany(input => input.Tensor.Data.ToArray())];
            using var request = new RequestBody(body, header.Length).ReadAsync(piece: piece).GetAwaiter().GetResult();

            Assert.True(request.Header.BinaryOutputs);
            AssertEqual(inputs, request.Inputs);
        },
        iter: 300, threads: 1);

    [Fact]
    public void Parse_AnyBinaryAnswerOfTheServer_GivesItsTensors() => AnyTensors.Sample(
        outputs =>
        {
            var encoder = new InferenceResponseEncoder(InferenceResponseTests.Request() with { BinaryOutputs = true }, "m", 5, outputs);
            var json = Encoding.UTF8.GetBytes(InferenceResponseTests.Json(encoder));
            byte[] body = [.. json, .. Enumerable.Range(0, encoder.Count).SelectMany(index => encoder.BinarySection(index).ToArray())];
            var answer = InferenceResponse.Parse(body, encoder.BinaryLength == 0 ? null : json.Length);

            Assert.Equal(("m", "5"), (answer.ModelName, answer.ModelVersion));
            AssertEqual(outputs, answer.Outputs);
        },
        iter: 1000);

    [Fact]
    public void ReadJsonAsync_AnyTensorThatHasAJsonForm_GivesItBack() => AnyTensor.Where(tensor => tensor.Datatype is not (TensorDatatype.Fp16 or TensorDatatype.Bf16)).Sample(
        tensor =>
        {
            // The server's own JSON is a request's JSON too: outputs and inputs have one form.
            var json = InferenceResponseTests.Json(new(InferenceResponseTests.Request(), "m", 1, [new("x", tensor)])).Replace("\"outputs\":", "\"inputs\":", StringComparison.Ordinal);
            using var request = RequestBody.Json(json).ReadAsync().GetAwaiter().GetResult();

            AssertEqual([new("x", tensor)], request.Inputs);
        },
        iter: 1000, threads: 1);

    [Fact]
    public void EncodeHeader_OutputsAndDigests_AreReadBack()
    {
        var header = InferenceRequestHeader.Parse(InferenceRequestEncoder.EncodeHeader([], new() { Outputs = ["y", "z"], ModelDigests = ["sha256:aa", "sha256:bb"], Priority = 2, QueueTimeout = TimeSpan.FromMilliseconds(3) }).Span, new());

        Assert.Equal([new("y"), new("z")], header.Outputs);
        Assert.Equal(["sha256:aa", "sha256:bb"], header.ModelDigests);
    }

    private static bool IsText(string name) => !name.EnumerateRunes().Contains(Rune.ReplacementChar);

    private static void AssertEqual(IReadOnlyList<NamedTensor> expected, IReadOnlyList<NamedTensor> actual)
    {
        Assert.Equal(expected.Select(tensor => (tensor.Name, tensor.Tensor.ToString())), actual.Select(tensor => (tensor.Name, tensor.Tensor.ToString())));
        foreach (var (left, right) in expected.Zip(actual))
        {
            Assert.Equal(left.Tensor.Data.ToArray(), right.Tensor.Data.ToArray());
        }
    }

    // Any bytes that the datatype allows; reals are finite, so that they have a JSON form.
    private static Tensor Fill(TensorDatatype datatype, TensorShape shape, byte seed)
    {
        var count = (int)shape.ElementCount;
        var data = datatype.ElementSize() is { } size ? new byte[count * size] : new byte[count * (Tensor.BytesPrefixLength + 2)];
        for (var index = 0; index < data.Length; index++)
        {
            data[index] = (byte)((index * 167) + (seed * 13));
        }

        for (var index = 0; index < count; index++)
        {
            switch (datatype)
            {
                case TensorDatatype.Bool: data[index] &= 1; break;
                case TensorDatatype.Fp32: BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(4 * index), (seed - 100.1f) * MathF.Pow(10, (index % 60) - 30)); break;
                case TensorDatatype.Fp64: BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(8 * index), (seed - 100.1) * Math.Pow(10, (index % 600) - 300)); break;
                case TensorDatatype.Bytes:
                    var element = data.AsSpan(6 * index, 6);
                    BinaryPrimitives.WriteInt32LittleEndian(element, 2);
                    element[4] = (byte)(seed % 128);
                    element[5] = (byte)(index % 128);
                    break;
            }
        }

        return new(datatype, shape, data);
    }
}
