using System.Text.Json;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>An answer as it came over the wire.</summary>
internal sealed record HttpAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>Asserts that something was done and there is nothing to say of it.</summary>
    public void AssertDone() => Assert.Equal(204, Status);

    /// <summary>Asserts a refusal in the protocol's form: bare JSON with a text, a code and, where one is due, a hint.</summary>
    public void AssertRefusal(int status, ServingCode code, bool hasHint = false)
    {
        var body = System.Text.Encoding.UTF8.GetString(Body);
        var error = ErrorBody.TryParse(Body);
        Assert.True(error is not null, $"Status {Status}, no error body: {body}");
        Assert.Equal((status, code), (Status, (ServingCode)error.Code));
        Assert.Equal(MediaTypes.Json, Headers["content-type"]);
        Assert.NotEmpty(error.Error);
        Assert.True(!hasHint || error.Hint is { Length: > 0 }, $"No hint: {body}");
        Assert.DoesNotContain(BadInputTest.Secret, body, StringComparison.Ordinal);
    }
}
