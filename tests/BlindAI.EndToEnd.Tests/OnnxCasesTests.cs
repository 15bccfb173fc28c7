using BlindAI.Client;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Generated cases over all datatypes and ranks: what comes back through client and server is what ONNX Runtime gives in process, bit for bit.</summary>
public sealed class OnnxCasesTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Owner = "cases";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<TensorDatatype> Datatypes => [.. Enum.GetValues<TensorDatatype>()];

    [Theory]
    [MemberData(nameof(Datatypes))]
    public async Task RunAsync_CasesOfADatatype_EqualRawOnnxRuntimeBitForBit(TensorDatatype datatype)
    {
        var seed = 1000 + (int)datatype;
        string[] operators = [.. OnnxCases.Operators.Where(operatorType => RawRuntime.Loads(OnnxCases.Generate(datatype, [operatorType], perRank: 1, seed).Model))];
        Assert.Empty(OnnxCases.OperatorsOfAll.Except(operators));
        var cases = OnnxCases.Generate(datatype, operators, perRank: 6, seed);
        Assert.Equal(42, cases.Count);
        using var raw = new RawRuntime(cases.Model);
        var model = $"cases-{datatype}";
        await using var client = await server.ConnectAsync(Owner);
        var uploaded = await client.UploadModelAsync(model, new MemoryStream(cases.Model), cancellationToken: Token);
        Assert.Equal(cases.Inputs.Select(input => input.Name), uploaded.Inputs.Select(input => input.Name));
        Assert.Equal(cases.Outputs, uploaded.Outputs.Select(output => output.Name));

        foreach (var channel in Enum.GetValues<ChannelMode>())
        {
            await using var other = await server.ConnectAsync(Owner, channel);
            await AssertSameAsync(other, model, raw, cases, outputs: null);
        }

        var random = new Random(seed);
        for (var round = 0; round < 4; round++)
        {
            // Some outputs, in another order than the model's.
            var chosen = cases.Outputs.ToArray();
            random.Shuffle(chosen);
            await AssertSameAsync(client, model, raw, cases, chosen[..random.Next(1, chosen.Length)]);
        }

        await client.DeleteModelAsync(model, cancellationToken: Token);
    }

    [Theory]
    [MemberData(nameof(Datatypes))]
    public async Task UploadModelAsync_OperatorThatRawOnnxRuntimeLacks_IsRefused(TensorDatatype datatype)
    {
        await using var client = await server.ConnectAsync(Owner);
        foreach (var operatorType in OnnxCases.Operators)
        {
            var cases = OnnxCases.Generate(datatype, [operatorType], perRank: 1, seed: 1);
            if (!RawRuntime.Loads(cases.Model))
            {
                // ONNX itself adds no truth values and no text, and compares text from opset 19 on only; the rest is a matter of ONNX Runtime's version.
                var code = (operatorType, datatype) is ("Add", TensorDatatype.Bool) or ("Add" or "Equal", TensorDatatype.Bytes) ? ServingCode.ModelInvalid : ServingCode.ModelUnsupported;
                var refusal = await Assert.ThrowsAsync<ServingException>(() => client.UploadModelAsync($"lacking-{datatype}", new MemoryStream(cases.Model), cancellationToken: Token));
                Assert.Equal((operatorType, code), (operatorType, refusal.Code));
            }
        }
    }

    [Fact]
    public async Task RunAsync_InputWithADefault_EqualsRawOnnxRuntimeWithAndWithoutIt()
    {
        var bytes = new OnnxGraph("defaults")
            .Input("x", OnnxType.Float, "n")
            .Input("the shift", OnnxType.Float, 1)
            .Constant("the shift", OnnxTensor.Vector(float.NegativeZero))
            .Node("Add", ["x", "the shift"], ["y"])
            .Output("y", OnnxType.Float, "n")
            .ToModel().Encode();
        var x = new NamedTensor("x", EdgeValues.Tensor(TensorDatatype.Fp32, new Random(1), 100));
        var shift = new NamedTensor("the shift", Tensor.From([0.5f]));
        using var raw = new RawRuntime(bytes);
        await using var client = await server.ConnectAsync(Owner);
        _ = await client.UploadModelAsync("defaults", new MemoryStream(bytes), cancellationToken: Token);

        foreach (var inputs in new NamedTensor[][] { [x], [x, shift], [shift, x], [x] })
        {
            var result = await client.RunAsync("defaults", inputs.ToDictionary(input => input.Name, input => input.Tensor), cancellationToken: Token);
            AssertSame(raw.Run(inputs, ["y"]), result.Outputs);
        }

        var metadata = await client.GetModelAsync("defaults", cancellationToken: Token);
        Assert.Equal([null, true], metadata.Inputs.Select(input => input.Parameters?.Optional));
        var refusal = await Assert.ThrowsAsync<ServingException>(() => client.RunAsync("defaults", new Dictionary<string, Tensor> { [shift.Name] = shift.Tensor }, cancellationToken: Token));
        Assert.Equal(ServingCode.TensorMissing, refusal.Code);
        await client.DeleteModelAsync("defaults", cancellationToken: Token);
    }

    private static async Task AssertSameAsync(BlindAIClient client, string model, RawRuntime raw, OnnxCases cases, string[]? outputs)
    {
        var result = await client.RunAsync(model, cases.Inputs.ToDictionary(input => input.Name, input => input.Tensor), outputs: outputs, cancellationToken: Token);
        AssertSame(raw.Run(cases.Inputs, outputs ?? cases.Outputs), result.Outputs);
    }

    private static void AssertSame(NamedTensor[] expected, IReadOnlyList<NamedTensor> actual)
    {
        Assert.Equal(expected.Select(output => output.Name), actual.Select(output => output.Name));
        for (var index = 0; index < expected.Length; index++)
        {
            var (name, tensor) = expected[index];
            Assert.Equal((name, tensor.ToString()), (name, actual[index].Tensor.ToString()));
            Assert.Equal((name, Convert.ToHexStringLower(tensor.Data.Span)), (name, Convert.ToHexStringLower(actual[index].Tensor.Data.Span)));
        }
    }
}
