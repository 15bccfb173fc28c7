using BlindAI.Attestation;
using BlindAI.Protocol;

namespace BlindAI.Cli.Tests;

public sealed class ExitCodeTests
{
    public static TheoryData<RejectionCode> RejectionCodes => [.. Enum.GetValues<RejectionCode>()];

    public static TheoryData<ServingCode> ServingCodes => [.. Enum.GetValues<ServingCode>()];

    [Theory]
    [MemberData(nameof(RejectionCodes))]
    public void Of_RejectionCode_FollowsItsFamily(RejectionCode code)
    {
        var expected = (int)code switch
        {
            < 200 => 30,
            < 300 => 20,
            < 600 => 10,
            < 700 => 40,
            _ => 1,
        };

        var error = CliError.Of(new AttestationException(code, "message", "hint"), isInterrupted: false);

        Assert.Equal(expected, ExitCode.Of((int)code));
        Assert.Equal(new CliError((int)code, code.ToString(), "message", "hint", expected), error);
    }

    [Theory]
    [MemberData(nameof(ServingCodes))]
    public void Of_ServingCode_Is50(ServingCode code)
    {
        var error = CliError.Of(new ServingException(code, "message"), isInterrupted: false);

        Assert.Equal(new CliError((int)code, code.ToString(), "message", error.Hint, 50), error);
    }

    [Theory]
    [InlineData(ServingCode.NumberNotFinite, ".npy")]
    [InlineData(ServingCode.ModelNotFound, "`blindai models list`")]
    [InlineData(ServingCode.PersistenceUnavailable, "--persist false")]
    [InlineData(ServingCode.TensorUnknown, "the server's words")]
    public void Of_ServingCode_HintsInTheWordsOfTheCommand(ServingCode code, string expected) =>
        Assert.Contains(expected, CliError.Of(new ServingException(code, "message", "the server's words"), isInterrupted: false).Hint, StringComparison.Ordinal);

    [Fact]
    public void Of_UnexpectedException_NamesItsTypeOnly()
    {
        var error = CliError.Of(new InvalidOperationException("a tensor's values"), isInterrupted: false);

        Assert.Equal((900, 1), (error.Code, error.Exit));
        Assert.Contains(nameof(InvalidOperationException), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_Interruption_Is130()
    {
        Assert.Equal(130, CliError.Of(new OperationCanceledException(), isInterrupted: true).Exit);
        Assert.Equal(50, CliError.Of(new OperationCanceledException(), isInterrupted: false).Exit);
    }

    [Fact]
    public void Of_Overload_SaysWhenToTryAgain() =>
        Assert.Equal("try again in 3 s.", CliError.Of(new ServingException(ServingCode.Overloaded, "full") { RetryAfter = TimeSpan.FromSeconds(2.5) }, isInterrupted: false).Hint);

    [Fact]
    public void Write_ControlCharacters_NeverReachTheTerminal()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        CliError.Of(new ServingException(ServingCode.ModelInvalid, "a\u001b[2Jb\rc"), isInterrupted: false).Write(new CliHost { Out = output, Error = error }, asJson: false);

        Assert.Equal("error 712 ModelInvalid: a?[2Jb?c\n", error.ToString());
    }
}
