using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A server whose runs may take half a second and whose answers may have a mebibyte.</summary>
public sealed class LimitedRuns : IAsyncLifetime
{
    internal StrictServer Strict { get; } = new(["--Limits:MaxRunMilliseconds=500", "--Limits:MaxResponseBytes=1048576", "--Inference:Threads=1"]);

    public async ValueTask InitializeAsync()
    {
        await Strict.InitializeAsync();
        Assert.Equal(201, (await Strict.UploadAsync("busy", TestModels.Busy)).Status);
        Assert.Equal(201, (await Strict.UploadAsync("widen", TestModels.Widen)).Status);
        Assert.Equal(201, (await Strict.UploadAsync("pick", TestModels.Pick)).Status);
    }

    public ValueTask DisposeAsync() => Strict.DisposeAsync();
}

public sealed class RunLimitTests(LimitedRuns limited) : IClassFixture<LimitedRuns>
{
    private StrictServer Server => limited.Strict;

    [Fact]
    public async Task Infer_ModelThatTakesForever_IsEndedAndTheThreadServesOthers()
    {
        var forever = Server.InferAsync("""{"inputs":[{"name":"times","datatype":"INT64","shape":[],"data":[1000000000]}]}""", "busy");

        (await forever).AssertRefusal(503, ServingCode.DeadlineExceeded, hasHint: true);
        Assert.Equal(200, (await Server.InferAsync("""{"inputs":[{"name":"times","datatype":"INT64","shape":[],"data":[1]}]}""", "busy")).Status);
    }

    [Theory]
    [InlineData(262_144, 200)]
    [InlineData(262_145, 400)]
    public async Task Infer_AnswerAroundTheLimit_IsBounded(int floats, int status)
    {
        var answer = await Server.InferAsync($$"""{"parameters":{"binary_data_output":true},"inputs":[{"name":"times","datatype":"INT64","shape":[1],"data":[{{floats}}]}]}""", "widen");

        Assert.Equal(status, answer.Status);
        if (status != 200)
        {
            answer.AssertRefusal(400, ServingCode.ResponseTooLarge, hasHint: true);
        }
    }

    [Fact]
    public async Task Infer_ModelFailsForSomeInputs_OthersAreAnsweredMeanwhile()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(index =>
            Server.InferAsync($$"""{"inputs":[{"name":"index","datatype":"INT64","shape":[1],"data":[{{(index % 2 == 0 ? 1 : 99)}}]}]}""", "pick")));

        Assert.All(answers.Where((_, index) => index % 2 == 0), answer => Assert.Equal(2, answer.Json.GetProperty("outputs")[0].GetProperty("data")[0].GetSingle()));
        Assert.All(answers.Where((_, index) => index % 2 == 1), answer => answer.AssertRefusal(400, ServingCode.InferenceFailed, hasHint: true));
    }
}
