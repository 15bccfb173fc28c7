using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Wire;
using static BlindAI.Protocol.Tests.Refusals;

namespace BlindAI.Protocol.Tests.Grpc;

public sealed class GrpcRequestsTests
{
    [Fact]
    public void Read_SmallRequests_AreThoseThatWereSent()
    {
        Assert.Equal(new GrpcModelRequest("m", "2"), GrpcRequests.ReadModel(Pieces.Of(Text((1, "m"), (2, "2")), 1)));
        Assert.Equal(new GrpcModelRequest("", ""), GrpcRequests.ReadModel(default));
        Assert.Equal(new GrpcIndexRequest(true), GrpcRequests.ReadIndex(Pieces.Of(new byte[] { 0x10, 0x01 }, 1)));
        Assert.Equal(new GrpcHealthRequest("s"), GrpcRequests.ReadHealth(Pieces.Of(Text((1, "s")), 1)));
        Assert.NotNull(GrpcRequests.ReadEmpty(Pieces.Of(Text((9, "of a newer protocol")), 4)));
    }

    [Fact]
    public void ReadRepository_BothNumberings_NameTheModel()
    {
        Assert.Equal("triton", GrpcRequests.ReadRepository(Pieces.Of(Text((2, "triton")), 1)).Model);
        Assert.Equal("kserve", GrpcRequests.ReadRepository(Pieces.Of(Text((1, "kserve")), 1)).Model);
        Assert.Equal("", GrpcRequests.ReadRepository(default).Model);
        var message = ProtobufWriter.Encode(0, static (writer, _) => writer.WriteMessage(3, 0, static (entry, _) => entry.WriteString(1, "config")));
        Assert.Equal(["config"], GrpcRequests.ReadRepository(Pieces.Of(message, 1)).Parameters);
    }

    [Fact]
    public void Read_NamedRepository_IsRefused()
    {
        AssertCode(ServingCode.ParameterUnsupported, () => GrpcRequests.ReadIndex(Pieces.Of(Text((1, "other")), 1)));
        AssertCode(ServingCode.ParameterUnsupported, () => GrpcRequests.ReadRepository(Pieces.Of(Text((1, "other"), (2, "model")), 1)));
    }

    [Theory]
    [InlineData("0A", ServingCode.RequestMalformed)]
    [InlineData("0A05", ServingCode.RequestMalformed)]
    [InlineData("0B", ServingCode.RequestMalformed)]
    [InlineData("0801", ServingCode.RequestMalformed)]
    [InlineData("0A01FF", ServingCode.RequestMalformed)]
    public void Read_MalformedBytes_AreRefused(string hex, ServingCode code)
    {
        var message = Pieces.Of(Convert.FromHexString(hex), 1);
        AssertCode(code, () => GrpcRequests.ReadModel(message));
        AssertCode(code, () => GrpcRequests.ReadHealth(message));
        AssertCode(code, () => GrpcRequests.ReadRepository(message));
        AssertCode(code, () => GrpcRequests.ReadIndex(message));
    }

    [Fact]
    public void Read_NamesAndParametersOverTheLimit_AreRefused()
    {
        var name = Pieces.Of(Text((1, new string('n', 257))), 100);
        AssertCode(ServingCode.RequestTooLarge, () => GrpcRequests.ReadModel(name));
        AssertCode(ServingCode.RequestTooLarge, () => GrpcRequests.ReadHealth(name));
        AssertCode(ServingCode.RequestTooLarge, () => GrpcRequests.ReadRepository(name));
        var parameters = ProtobufWriter.Encode(0, static (writer, _) =>
        {
            for (var index = 0; index <= GrpcRepositoryRequest.MaxParameters; index++)
            {
                writer.WriteBytes(3, []);
            }
        });
        AssertCode(ServingCode.RequestTooLarge, () => GrpcRequests.ReadRepository(Pieces.Of(parameters, 100)));
    }

    private static byte[] Text(params (int Field, string Value)[] fields) => ProtobufWriter.Encode(fields, static (writer, fields) =>
    {
        foreach (var (field, value) in fields)
        {
            writer.WriteString(field, value);
        }
    });
}
