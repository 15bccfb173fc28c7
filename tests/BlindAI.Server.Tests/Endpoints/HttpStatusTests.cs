using BlindAI.Attestation;
using BlindAI.Protocol;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Tests.Endpoints;

public sealed class HttpStatusTests
{
    [Fact]
    public void Of_EveryCode_IsAnErrorStatus()
    {
        foreach (var code in Enum.GetValues<ServingCode>().Select(code => (int)code).Concat(Enum.GetValues<RejectionCode>().Select(code => (int)code)))
        {
            Assert.InRange(HttpStatus.Of(code), 400, 599);
        }
    }

    [Theory]
    [InlineData((int)ServingCode.ModelNotFound, 404)]
    [InlineData((int)ServingCode.DigestMismatch, 409)]
    [InlineData((int)ServingCode.RequestTooLarge, 413)]
    [InlineData((int)ServingCode.Overloaded, 429)]
    [InlineData((int)ServingCode.ShuttingDown, 503)]
    [InlineData((int)RejectionCode.Internal, 500)]
    [InlineData((int)RejectionCode.EvidenceUnavailable, 503)]
    [InlineData((int)ServingCode.RequestMalformed, 400)]
    public void Of_Code_IsTheStatusThatClientsKnow(int code, int status) => Assert.Equal(status, HttpStatus.Of(code));
}
