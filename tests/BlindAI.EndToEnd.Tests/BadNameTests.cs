using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

public sealed class BadNameTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    [Theory]
    [InlineData(".hidden")]
    [InlineData("-dash")]
    [InlineData("_under")]
    [InlineData("a b")]
    [InlineData("a%20b")]
    [InlineData("a%2Fb")]
    [InlineData("..%2F..%2Fetc%2Fpasswd")]
    [InlineData("..%5C..%5Cboot.ini")]
    [InlineData("a%252Fb")]
    [InlineData("%C3%A9")]
    [InlineData("%FF")]
    [InlineData("a%0Ab")]
    [InlineData("a%0D%0AX-Injected:1")]
    [InlineData("a;b")]
    [InlineData("stats")]
    [InlineData("${jndi:x}")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task AnyRequest_BadModelName_IsRefused(string name)
    {
        foreach (var (method, suffix) in new[] { ("POST", "/infer"), ("PUT", ""), ("DELETE", ""), ("GET", ""), ("GET", "/ready") })
        {
            if ((name, method, suffix) is ("stats", "GET", ""))
            {
                // Why the name is reserved: this is the path of the statistics.
                continue;
            }

            var answer = await SendAsync(method, $"/v2/models/{name}{suffix}");

            // What HTTP itself does not allow in a path, the HTTP layer refuses without a word of ours.
            if (name.Contains(' ', StringComparison.Ordinal) || name is "%FF")
            {
                Assert.Equal(400, answer.Status);
            }
            else
            {
                answer.AssertRefusal(400, ServingCode.NameInvalid, hasHint: true);
            }
        }
    }

    [Theory]
    [InlineData("%67ood", 200)]
    [InlineData("nobody/../good", 200)]
    [InlineData("nobody/%2e%2e/good", 200)]
    [InlineData("good%00", 400)]
    public async Task Infer_NameInAnotherSpelling_IsTheSameNameOrRefused(string name, int status) => Assert.Equal(status, (await SendAsync("POST", $"/v2/models/{name}/infer", StrictServer.GoodRequest)).Status);

    [Theory]
    [InlineData("/v2/models/../../etc/passwd")]
    [InlineData("/v2/models/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/v2/models/good/../../../metrics")]
    [InlineData("/metrics")]
    [InlineData("/v2/models/good/infer/more")]
    [InlineData("/v2/modelsgood")]
    [InlineData("//v2/models")]
    [InlineData("/")]
    public async Task AnyRequest_UnknownPath_IsRefused(string path) => (await SendAsync("GET", path)).AssertRefusal(404, ServingCode.RouteNotFound, hasHint: true);

    [Theory]
    [InlineData("0")]
    [InlineData("01")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.0")]
    [InlineData("1e0")]
    [InlineData("2147483648")]
    [InlineData("99999999999999999999")]
    [InlineData("latest")]
    [InlineData("%D9%A1")]
    [InlineData("%201")]
    public async Task AnyRequest_BadVersion_IsRefused(string version)
    {
        foreach (var (method, suffix) in new[] { ("POST", "/infer"), ("PUT", ""), ("DELETE", ""), ("GET", "") })
        {
            (await SendAsync(method, $"/v2/models/good/versions/{version}{suffix}")).AssertRefusal(400, ServingCode.NameInvalid, hasHint: true);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("../default")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData(".")]
    [InlineData("\u00e9")]
    [InlineData("a,b")]
    public async Task AnyRequest_BadNamespace_IsRefused(string name)
    {
        foreach (var (method, path) in new[] { ("POST", "/v2/models/good/infer"), ("PUT", "/v2/models/good"), ("DELETE", "/v2/models/good"), ("GET", "/v2/models") })
        {
            var answer = await SendAsync(method, path, headers: $"blindai-namespace: {name}\r\n");

            // A byte that is no UTF-8 is refused with the header that holds it, before any endpoint.
            if (name == "\u00e9")
            {
                Assert.Equal(400, answer.Status);
            }
            else
            {
                answer.AssertRefusal(400, ServingCode.NameInvalid, hasHint: true);
            }
        }
    }

    [Fact]
    public async Task AnyRequest_TwoNamespaces_IsRefused() =>
        (await SendAsync("GET", "/v2/models", headers: "blindai-namespace: default\r\nblindai-namespace: other\r\n")).AssertRefusal(400, ServingCode.NameInvalid);

    [Fact]
    public async Task Infer_ModelOfAnotherNamespace_IsNotFound()
    {
        (await SendAsync("POST", "/v2/models/good/infer", StrictServer.GoodRequest, "blindai-namespace: other\r\n")).AssertRefusal(404, ServingCode.ModelNotFound);
        (await SendAsync("DELETE", "/v2/models/good", headers: "blindai-namespace: other\r\n")).AssertRefusal(404, ServingCode.ModelNotFound);
        Assert.Empty(await Server.ListAsync("other"));
    }

    [Theory]
    [InlineData("GET", "/v2/models/good/infer", "POST")]
    [InlineData("PUT", "/v2/models/good/infer", "POST")]
    [InlineData("POST", "/v2/models/good", "DELETE, GET, PUT")]
    [InlineData("PATCH", "/v2/models/good", "DELETE, GET, PUT")]
    [InlineData("DELETE", "/v2/models", "GET")]
    [InlineData("POST", "/v2", "GET")]
    [InlineData("POST", "/v2/health/live", "GET")]
    [InlineData("TRACE", "/v2/models", "GET")]
    [InlineData("PUT", "/.well-known/blindai/attestation", "GET, POST")]
    public async Task AnyRequest_WrongMethod_IsRefusedWithTheRightOnes(string method, string path, string allowed)
    {
        var answer = await SendAsync(method, path);

        answer.AssertRefusal(405, ServingCode.MethodNotAllowed, hasHint: true);
        Assert.Equal(allowed, string.Join(", ", answer.Headers["allow"].Split(',', StringSplitOptions.TrimEntries).Order()));
    }

    // Raw, since HttpClient would tidy the path up.
    private async Task<HttpAnswer> SendAsync(string method, string path, string body = "", string headers = "")
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/onnx\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        return (await connection.ReadAnswerAsync())!;
    }
}
