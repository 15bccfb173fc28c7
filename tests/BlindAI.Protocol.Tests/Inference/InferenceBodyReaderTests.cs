using System.IO.Pipelines;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Tests.Inference;

public sealed class InferenceBodyReaderTests
{
    private static readonly RequestBody Mixed = RequestBody.Binary(
        """
        {"id":"7","inputs":[
        {"name":"a","datatype":"INT32","shape":[2],"parameters":{"binary_data_size":8}},
        {"name":"b","datatype":"FP32","shape":[1,2],"data":[[1.5,-2]]},
        {"name":"c","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":11}},
        {"name":"d","datatype":"UINT8","shape":[0],"parameters":{"binary_data_size":0}},
        {"name":"e","datatype":"BYTES","shape":[2],"data":["p","q"]}]}
        """,
        [1, 0, 0, 0, 2, 0, 0, 0],
        [3, 0, 0, 0, (byte)'x', (byte)'y', (byte)'z', 0, 0, 0, 0]);

    public static TheoryData<int> Pieces => [1, 2, 3, 7, 64, int.MaxValue];

    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task ReadBinaryAsync_InPieces_GivesEveryTensor(int piece)
    {
        using var request = await Mixed.ReadAsync(piece: piece);

        Assert.Equal("7", request.Header.Id);
        Assert.Equal(["a", "b", "c", "d", "e"], request.Inputs.Select(input => input.Name));
        Assert.Equal([1, 2], request.Inputs[0].Tensor.ToArray<int>());
        Assert.Equal([1.5f, -2f], request.Inputs[1].Tensor.ToArray<float>());
        Assert.Equal(["xyz", ""], request.Inputs[2].Tensor.ToStrings());
        Assert.Empty(request.Inputs[3].Tensor.ToArray<byte>());
        Assert.Equal(["p", "q"], request.Inputs[4].Tensor.ToStrings());
    }

    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task ReadJsonAsync_InPieces_GivesTheTensor(int piece)
    {
        using var request = await RequestBody.Json("""{"inputs":[{"name":"x","datatype":"INT64","shape":[3],"data":[1,2,9223372036854775807]}]}""").ReadAsync(piece: piece);

        Assert.Equal([1, 2, long.MaxValue], request.Inputs[0].Tensor.ToArray<long>());
    }

    [Fact]
    public async Task ReadBinaryAsync_TruncatedAtAnyByte_IsMalformed()
    {
        for (var length = 0; length < Mixed.Bytes.Length; length++)
        {
            await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (Mixed with { Bytes = Mixed.Bytes[..length] }).ReadAsync());
        }
    }

    [Fact]
    public async Task ReadJsonAsync_TruncatedAtAnyByte_IsMalformed()
    {
        var body = RequestBody.Json("""{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1,2]}]}""");
        for (var length = 0; length < body.Bytes.Length; length++)
        {
            await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (body with { Bytes = body.Bytes[..length] }).ReadAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task ReadBinaryAsync_BytesBehindTheTensors_IsMalformed(int piece) =>
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (Mixed with { Bytes = [.. Mixed.Bytes, 0] }).ReadAsync(piece: piece));

    [Fact]
    public async Task ReadBinaryAsync_HeaderLengthOffByOne_IsMalformed()
    {
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (Mixed with { HeaderLength = Mixed.HeaderLength - 1 }).ReadAsync());
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (Mixed with { HeaderLength = Mixed.HeaderLength + 1 }).ReadAsync());
    }

    [Fact]
    public async Task ReadBinaryAsync_HeaderLongerThanBody_IsMalformed() =>
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => (Mixed with { HeaderLength = Mixed.Bytes.Length + 1 }).ReadAsync());

    [Fact]
    public async Task ReadBinaryAsync_HeaderOverTheLimit_IsRefusedBeforeAnythingIsRead()
    {
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => (Mixed with { HeaderLength = int.MaxValue }).ReadAsync());
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => Mixed.ReadAsync(new() { MaxHeaderBytes = Mixed.HeaderLength!.Value - 1 }));
    }

    [Fact]
    public async Task ReadBinaryAsync_ExactlyAtTheLimits_IsRead()
    {
        using var request = await Mixed.ReadAsync(new() { MaxHeaderBytes = Mixed.HeaderLength!.Value, MaxRequestBytes = Mixed.Bytes.Length, MaxTensors = 5, MaxByteStrings = 2 });

        Assert.Equal(5, request.Inputs.Count);
    }

    [Fact]
    public async Task ReadBinaryAsync_OneByteOverTheLimit_IsTooLarge() =>
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => Mixed.ReadAsync(new() { MaxRequestBytes = Mixed.Bytes.Length - 1 }));

    [Fact]
    public async Task ReadJsonAsync_OneByteOverTheLimit_IsTooLarge()
    {
        var body = RequestBody.Json("""{"inputs":[]}""");
        using var request = await body.ReadAsync(new() { MaxRequestBytes = body.Bytes.Length });

        Assert.Empty(request.Inputs);
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => body.ReadAsync(new() { MaxRequestBytes = body.Bytes.Length - 1 }, piece: 1));
    }

    [Fact]
    public async Task ReadJsonAsync_BodyWithoutEnd_StopsAtTheLimit()
    {
        var pieces = 0;
        var endless = Enumerable.Range(0, 10_000).Select(_ => { pieces++; return new byte[100]; });

        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => RequestBody.FeedAsync(
            endless, pipe => new InferenceBodyReader(pipe, new() { MaxRequestBytes = 1000 }).ReadJsonAsync(CancellationToken.None)));
        Assert.InRange(pieces, 10, 13);
    }

    [Fact]
    public async Task ReadJsonAsync_OverTheLimit_LeavesThePipeUsable()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[100], TestContext.Current.CancellationToken);

        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => new InferenceBodyReader(pipe.Reader, new() { MaxRequestBytes = 99 }).ReadJsonAsync(CancellationToken.None).AsTask());

        // The server drains what is left; a read that was not ended would fail there.
        await pipe.Writer.CompleteAsync();
        Assert.True(pipe.Reader.TryRead(out var rest) && rest.IsCompleted);
    }

    [Fact]
    public async Task ReadBinaryAsync_SumOfSizesOverTheLimit_IsTooLarge()
    {
        var input = """{"name":"NAME","datatype":"UINT8","shape":[600],"parameters":{"binary_data_size":600}}""";
        var json = $$"""{"inputs":[{{input.Replace("NAME", "a", StringComparison.Ordinal)}},{{input.Replace("NAME", "b", StringComparison.Ordinal)}}]}""";

        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => RequestBody.Binary(json).ReadAsync(new() { MaxRequestBytes = 1000 }));
    }

    [Theory]
    [InlineData("UINT8", "[3]", 2)]
    [InlineData("UINT8", "[3]", 4)]
    [InlineData("FP32", "[2,2]", 15)]
    [InlineData("FP64", "[0,5]", 8)]
    [InlineData("FP16", "[]", 1)]
    [InlineData("INT64", "[2]", 8)]
    public async Task ReadBinaryAsync_SizeAgainstShape_IsMismatch(string datatype, string shape, int size) =>
        await Refusals.AssertCodeAsync(ServingCode.DataMismatch, () => RequestBody.OneInput(datatype, shape, new byte[size]).ReadAsync());

    [Theory]
    [InlineData("[4611686018427387904]", "FP64")]
    [InlineData("[2147483648,2147483648]", "INT32")]
    public async Task ReadBinaryAsync_ByteCountOverflow_IsShapeInvalid(string shape, string datatype) =>
        await Refusals.AssertCodeAsync(ServingCode.ShapeInvalid, () => RequestBody.OneInput(datatype, shape, []).ReadAsync());

    [Theory]
    [InlineData("BYTES", "[1]", "01")]
    [InlineData("BYTES", "[1]", "02000000FF")]
    [InlineData("BYTES", "[1]", "FFFFFFFF")]
    [InlineData("BYTES", "[1]", "00000080")]
    [InlineData("BYTES", "[2]", "00000000")]
    [InlineData("BYTES", "[1]", "0000000000000000")]
    [InlineData("BYTES", "[0]", "00000000")]
    [InlineData("BYTES", "[1]", "0000000001")]
    [InlineData("BYTES", "[1]", "")]
    [InlineData("BOOL", "[2]", "0102")]
    [InlineData("BOOL", "[1]", "FF")]
    public async Task ReadBinaryAsync_DataThatIsNoneOfTheDatatype_IsMismatch(string datatype, string shape, string hex) =>
        await Refusals.AssertCodeAsync(ServingCode.DataMismatch, () => RequestBody.OneInput(datatype, shape, Convert.FromHexString(hex)).ReadAsync());

    [Fact]
    public async Task ReadBinaryAsync_ManyByteStrings_IsTooLarge() =>
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => RequestBody.OneInput("BYTES", "[3]", new byte[12]).ReadAsync(new() { MaxByteStrings = 2 }));

    [Fact]
    public async Task ReadJsonAsync_BinarySizeWithoutTheHeader_IsMalformed()
    {
        var fault = await Assert.ThrowsAsync<ServingException>(() => (RequestBody.OneInput("UINT8", "[1]", [1]) with { HeaderLength = null }).ReadAsync());

        Assert.Equal(ServingCode.RequestMalformed, fault.Code);
        var alone = await Assert.ThrowsAsync<ServingException>(() => RequestBody.Json(
            """{"inputs":[{"name":"x","datatype":"UINT8","shape":[0],"parameters":{"binary_data_size":0}}]}""").ReadAsync());
        Assert.Equal(ServingCode.RequestMalformed, alone.Code);
        Assert.Contains(HeaderNames.InferenceHeaderContentLength, alone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadBinaryAsync_BodyShorterThanStatedSizes_IsRefusedFromItsLength()
    {
        var body = RequestBody.Binary("""{"inputs":[{"name":"x","datatype":"UINT8","shape":[60000000],"parameters":{"binary_data_size":60000000}}]}""");

        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => RequestBody.FeedAsync(
            body.Bytes, int.MaxValue, pipe => new InferenceBodyReader(pipe, new()) { BodyLength = body.Bytes.Length }.ReadBinaryAsync(body.HeaderLength!.Value, CancellationToken.None)));
    }

    [Theory]
    [InlineData(TensorDatatype.Fp32, new long[] { -1, 4 }, 32, new long[] { 2, 4 })]
    [InlineData(TensorDatatype.Fp32, new long[] { -1, -1 }, 32, new long[] { 1, 8 })]
    [InlineData(TensorDatatype.UInt8, new long[] { 2, -1, 3 }, 12, new long[] { 2, 2, 3 })]
    [InlineData(TensorDatatype.UInt8, new long[] { 5 }, 5, new long[] { 5 })]
    [InlineData(TensorDatatype.UInt8, new long[] { -1 }, 0, new long[] { 0 })]
    [InlineData(TensorDatatype.UInt8, new long[] { -1, 0 }, 0, new long[] { 0, 0 })]
    public async Task ReadRawAsync_OneInput_InfersItsShape(TensorDatatype datatype, long[] dimensions, int bytes, long[] expected)
    {
        using var request = await ReadRawAsync(datatype, dimensions, new byte[bytes]);

        Assert.Equal(expected, request.Inputs[0].Tensor.Shape);
        Assert.True(request.Header.BinaryOutputs);
    }

    [Fact]
    public async Task ReadRawAsync_ByteString_IsOneElement()
    {
        using var request = await ReadRawAsync(TensorDatatype.Bytes, [-1], [2, 0, 0, 0, (byte)'h', (byte)'i']);

        Assert.Equal(["hi"], request.Inputs[0].Tensor.ToStrings());
    }

    [Theory]
    [InlineData(TensorDatatype.Fp32, new long[] { 2, -1, -1 }, 32, ServingCode.ShapeInvalid)]
    [InlineData(TensorDatatype.Fp32, new long[] { -1, -1, -1 }, 32, ServingCode.ShapeInvalid)]
    [InlineData(TensorDatatype.Fp32, new long[] { -1, 4 }, 33, ServingCode.DataMismatch)]
    [InlineData(TensorDatatype.Fp32, new long[] { 2, 4 }, 16, ServingCode.DataMismatch)]
    [InlineData(TensorDatatype.Fp32, new long[] { -1, 0 }, 4, ServingCode.DataMismatch)]
    [InlineData(TensorDatatype.Bytes, new long[] { -1, 2 }, 4, ServingCode.ShapeInvalid)]
    [InlineData(TensorDatatype.Bytes, new long[] { -1 }, 3, ServingCode.DataMismatch)]
    public async Task ReadRawAsync_DataThatCannotFit_IsRefused(TensorDatatype datatype, long[] dimensions, int bytes, ServingCode code) =>
        await Refusals.AssertCodeAsync(code, () => ReadRawAsync(datatype, dimensions, new byte[bytes]));

    [Fact]
    public async Task ReadRawAsync_OverTheLimit_IsTooLarge() => await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => RequestBody.FeedAsync(
        new byte[11], 1, pipe => new InferenceBodyReader(pipe, new() { MaxRequestBytes = 10 }).ReadRawAsync("x", TensorDatatype.UInt8, [-1], CancellationToken.None)));

    [Fact]
    public async Task Dispose_DecodedRequest_MakesItsTensorsUnreadable()
    {
        var request = await Mixed.ReadAsync();
        request.Dispose();

        Assert.Throws<ObjectDisposedException>(() => request.Inputs[0].Tensor.ToArray<int>());
    }

    [Fact]
    public async Task ReadJsonAsync_Cancelled_Ends()
    {
        using var cancellation = new CancellationTokenSource();
        var pipe = new Pipe();
        var reading = new InferenceBodyReader(pipe.Reader, new()).ReadJsonAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task ReadJsonAsync_EndlessMemberName_IsRefusedWithoutQuotingIt()
    {
        var name = new string('n', 100_000);
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"parameters":{"triton_{{name}}":1},"inputs":[]}""");

        var refusal = await Assert.ThrowsAsync<ServingException>(() => RequestBody.FeedAsync(
            body, int.MaxValue, pipe => new InferenceBodyReader(pipe, new()).ReadJsonAsync(CancellationToken.None)));

        Assert.Equal(ServingCode.RequestTooLarge, refusal.Code);
        Assert.InRange(refusal.Message.Length, 0, 500);
    }

    [Fact]
    public async Task ReadJsonAsync_ArrivingBytes_CountAsTheMemoryThatTheyBecome()
    {
        var body = """{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}"""u8.ToArray();
        var taken = 0L;

        using var request = await RequestBody.FeedAsync(body, 7, pipe => new InferenceBodyReader(pipe, new()) { Receiving = bytes => taken += bytes }.ReadJsonAsync(CancellationToken.None));

        Assert.Equal(body.Length * ProtocolLimits.JsonExpansion, taken);
    }

    [Fact]
    public async Task ReadJsonAsync_InputThatTheCheckRefuses_IsNotConverted()
    {
        // The data is broken as well: only what is never converted can be refused for its name first.
        var body = """{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":["no number"]}]}"""u8.ToArray();

        await Refusals.AssertCodeAsync(ServingCode.TensorUnknown, () => RequestBody.FeedAsync(
            body, int.MaxValue, pipe => new InferenceBodyReader(pipe, new()) { Check = input => throw new ServingException(ServingCode.TensorUnknown, input.Name) }.ReadJsonAsync(CancellationToken.None)));
    }

    private static Task<DecodedRequest> ReadRawAsync(TensorDatatype datatype, long[] dimensions, byte[] data) => RequestBody.FeedAsync(
        data, 3, pipe => new InferenceBodyReader(pipe, new()).ReadRawAsync("x", datatype, dimensions, CancellationToken.None));
}
