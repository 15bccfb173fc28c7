using BlindAI.Attestation;
using BlindAI.Protocol;
using BlindAI.Server.Grpc;
using Grpc.Core;

namespace BlindAI.Server.Tests.Grpc;

public sealed class GrpcStatusTests
{
    [Fact]
    public void Of_EveryCode_IsAnError()
    {
        foreach (var code in Enum.GetValues<ServingCode>().Select(code => (int)code).Concat(Enum.GetValues<RejectionCode>().Select(code => (int)code)))
        {
            Assert.NotEqual(StatusCode.OK, GrpcStatus.Of(code));
        }
    }

    // A client that sends such a request again by itself must not have it run twice.
    [Fact]
    public void Of_Unavailable_IsOnlyWhatNeverRan() => Assert.Equal(
        [ServingCode.ModelNotReady, ServingCode.ShuttingDown, ServingCode.ReplayMemoryFull],
        Enum.GetValues<ServingCode>().Where(code => GrpcStatus.Of((int)code) == StatusCode.Unavailable));

    [Theory]
    [InlineData((int)ServingCode.ModelNotFound, 5)]
    [InlineData((int)ServingCode.RequestMalformed, 3)]
    [InlineData((int)ServingCode.RequestTooLarge, 8)]
    [InlineData((int)ServingCode.Overloaded, 8)]
    [InlineData((int)ServingCode.DeadlineExceeded, 4)]
    [InlineData((int)ServingCode.AttestedClientRequired, 7)]
    [InlineData((int)RejectionCode.Internal, 13)]
    public void Of_Code_IsTheStatusThatClientsKnow(int code, int status) => Assert.Equal((StatusCode)status, GrpcStatus.Of(code));
}
