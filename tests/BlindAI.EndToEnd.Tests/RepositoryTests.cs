using System.Text;
using System.Text.Json;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Triton's extensions over REST: configuration, statistics and the model repository.</summary>
public sealed class RepositoryTests(StrictServer server) : IClassFixture<StrictServer>
{
    [Fact]
    public async Task Config_OfAModel_IsTritonsInNumbersAndNames()
    {
        var config = await GetAsync("/v2/models/good/config");

        Assert.Equal("good", config.GetProperty("name").GetString());
        Assert.Equal("onnxruntime_onnx", config.GetProperty("platform").GetString());
        Assert.Equal("onnxruntime", config.GetProperty("backend").GetString());
        var isBatched = config.GetProperty("max_batch_size").GetInt32() > 0;
        Assert.Equal(isBatched, config.TryGetProperty("dynamic_batching", out _));
        var input = config.GetProperty("input")[0];
        Assert.Equal("""["a","TYPE_FP32"]""", $"[{input.GetProperty("name").GetRawText()},{input.GetProperty("data_type").GetRawText()}]");
        Assert.Equal(isBatched ? "[2]" : "[-1,2]", input.GetProperty("dims").GetRawText());
        Assert.Equal("KIND_CPU", config.GetProperty("instance_group")[0].GetProperty("kind").GetString());
        Assert.Equal(JsonValueKind.String, config.GetProperty("parameters").GetProperty("intra_op_thread_count").GetProperty("string_value").ValueKind);
        Assert.True(JsonElement.DeepEquals(config, await GetAsync("/v2/models/good/versions/1/config")));
        (await server.SendAsync(HttpMethod.Get, "/v2/models/good/versions/2/config")).AssertRefusal(404, ServingCode.ModelNotFound);
    }

    [Fact]
    public async Task Config_InputWithADefault_IsOptional()
    {
        Assert.Equal(201, (await server.UploadAsync("defaults", new OnnxGraph("defaults")
            .Input("x", OnnxType.Float, "n").Input("shift", OnnxType.Float, 1).Constant("shift", OnnxTensor.Vector(1f)).Node("Add", ["x", "shift"], ["y"]).Output("y", OnnxType.Float, "n")
            .ToModel().Encode())).Status);

        var config = await GetAsync("/v2/models/defaults/config");

        Assert.Equal(0, config.GetProperty("max_batch_size").GetInt32());
        Assert.False(config.GetProperty("input")[0].TryGetProperty("optional", out _), "x has no default.");
        Assert.True(config.GetProperty("input")[1].GetProperty("optional").GetBoolean());
    }

    [Fact]
    public async Task Statistics_AfterRequests_CountThem()
    {
        Assert.Equal(201, (await server.UploadAsync("counted", TestModels.Identity(OnnxType.Float))).Status);
        const string Request = """{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}""";
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(200, (await server.InferAsync(Request, "counted")).Status);
        }

        var model = Assert.Single((await GetAsync("/v2/models/counted/stats")).GetProperty("model_stats").EnumerateArray());

        Assert.Equal(("counted", "1", 3, 3), (model.GetProperty("name").GetString(), model.GetProperty("version").GetString(), model.GetProperty("inference_count").GetInt64(), model.GetProperty("execution_count").GetInt64()));
        Assert.True(model.GetProperty("last_inference").GetInt64() > 0);
        var times = model.GetProperty("inference_stats");
        Assert.Equal(3, times.GetProperty("success").GetProperty("count").GetInt64());
        Assert.True(times.GetProperty("success").GetProperty("ns").GetInt64() > 0);
        Assert.Equal(
            ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"],
            times.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, model.GetProperty("batch_stats")[0].GetProperty("batch_size").GetInt32());
        Assert.Contains("counted", (await GetAsync("/v2/models/stats")).GetProperty("model_stats").EnumerateArray().Select(other => other.GetProperty("name").GetString()));
        (await server.SendAsync(HttpMethod.Get, "/v2/models/absent/stats")).AssertRefusal(404, ServingCode.ModelNotFound);
        (await server.SendAsync(HttpMethod.Delete, "/v2/models/counted")).AssertDone();
    }

    [Fact]
    public async Task Repository_IndexLoadAndUnload_ChangeTheState()
    {
        Assert.Equal(201, (await server.UploadAsync("resting", TestModels.Identity(OnnxType.Float), query: "?load=false")).Status);

        Assert.Equal("""{"name":"resting","version":"1","state":"UNAVAILABLE","reason":"unloaded"}""", await IndexedAsync("resting"));
        Assert.Null(await IndexedAsync("resting", """{"ready":true}"""));
        Assert.Equal(200, (await PostAsync("models/resting/unload", """{"parameters":{"unload_dependents":false}}""")).Status);
        Assert.Equal(200, (await PostAsync("models/resting/load")).Status);
        Assert.Equal("""{"name":"resting","version":"1","state":"READY","reason":""}""", await IndexedAsync("resting", """{"ready":true}"""));
        (await PostAsync("models/resting/unload")).AssertRefusal(409, ServingCode.UnloadRefused, hasHint: true);
        Assert.Equal(200, (await PostAsync("models/resting/load", "{}")).Status);
        (await server.SendAsync(HttpMethod.Delete, "/v2/models/resting")).AssertDone();
    }

    [Theory]
    [InlineData("models/good/load", """{"parameters":{"config":"{}"}}""", 501, ServingCode.ParameterUnsupported)]
    [InlineData("models/good/load", """{"parameters":{"file:1/model.onnx":"AAAA"}}""", 501, ServingCode.ParameterUnsupported)]
    [InlineData("models/good/unload", """{"parameters":{"other":1}}""", 501, ServingCode.ParameterUnsupported)]
    [InlineData("models/good/load", """{"parameters":[]}""", 400, ServingCode.RequestMalformed)]
    [InlineData("models/good/load", "[]", 400, ServingCode.RequestMalformed)]
    [InlineData("models/good/load", "{", 400, ServingCode.RequestMalformed)]
    [InlineData("index", """{"ready":1}""", 400, ServingCode.RequestMalformed)]
    [InlineData("index", "\"ready\"", 400, ServingCode.RequestMalformed)]
    [InlineData("models/absent/load", "", 404, ServingCode.ModelNotFound)]
    [InlineData("models/absent/unload", "", 404, ServingCode.ModelNotFound)]
    [InlineData("models/not!valid/load", "", 400, ServingCode.NameInvalid)]
    public async Task Repository_BadRequests_AreRefused(string path, string body, int status, ServingCode code) => (await PostAsync(path, body)).AssertRefusal(status, code);

    [Fact]
    public async Task Repository_BodyOverTheLimit_IsRefused() =>
        (await PostAsync("models/good/load", $$$"""{"parameters":{"file":"{{{new string('A', 70_000)}}}"}}""")).AssertRefusal(413, ServingCode.RequestTooLarge);

    [Fact]
    public async Task Server_Extensions_AreTheOnesThatAreBuilt() => Assert.Equal(
        ["binary_tensor_data", "model_configuration", "model_repository", "schedule_policy", "statistics"],
        (await GetAsync("/v2")).GetProperty("extensions").EnumerateArray().Select(extension => extension.GetString()));

    [Theory]
    [InlineData("1", 200)]
    [InlineData("18446744073709551615", 200)]
    [InlineData("-1", 400)]
    [InlineData("\"1\"", 400)]
    [InlineData("1.5", 400)]
    public async Task Infer_Priority_IsAnIntegerOfZeroOrMore(string priority, int status) =>
        Assert.Equal(status, (await server.InferAsync($$"""{"parameters":{"priority":{{priority}}},{{StrictServer.GoodRequest[1..]}}""")).Status);

    private async Task<JsonElement> GetAsync(string path)
    {
        var answer = await server.SendAsync(HttpMethod.Get, path);
        Assert.Equal(200, answer.Status);
        Assert.Equal(MediaTypes.Json, answer.Headers["content-type"]);
        return answer.Json;
    }

    private Task<HttpAnswer> PostAsync(string path, string body = "") => server.SendAsync(HttpMethod.Post, $"{Routes.Repository}/{path}", Encoding.UTF8.GetBytes(body));

    private async Task<string?> IndexedAsync(string model, string body = "")
    {
        var answer = await PostAsync("index", body);
        Assert.Equal(200, answer.Status);
        return answer.Json.EnumerateArray().Where(entry => entry.GetProperty("name").GetString() == model).Select(entry => entry.GetRawText()).SingleOrDefault();
    }
}
