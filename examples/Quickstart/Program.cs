using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

// A private answer, end to end: a server is started in simulation, verified, given a model, and asked. Then four attackers try.
// The argument is the channel: gated (the default), pinned, or sealed, for when somebody ends TLS on the way.
ChannelMode? mode = args switch
{
    [] or ["gated"] => ChannelMode.Gated,
    ["pinned"] => ChannelMode.Pinned,
    ["sealed"] => ChannelMode.Sealed,
    _ => null,
};
if (mode is null)
{
    await Console.Error.WriteLineAsync("usage: Quickstart [gated|pinned|sealed]");
    return 2;
}

var options = new BlindAIClientOptions { Channel = mode.Value };
var model = Path.Combine(AppContext.BaseDirectory, "credit-forest.onnx");
var applicants = new Applicants(AppContext.BaseDirectory);

Title("1. Start a server (in simulation: no TEE is needed, and nothing is protected)");
await using var server = await SimulationServer.StartAsync();
Console.WriteLine($"   listening on {server.Url}, simulation key {server.SimulationKey[..16]}...");

Title("2. Verify it against a policy, before anything is sent");
var policy = PolicyFor(server.SimulationKey);
await using var client = await BlindAIClient.ConnectAsync(server.Url, policy, options);
foreach (var step in client.Enclave.Steps)
{
    Console.WriteLine($"   [{step.Number,2}] {step.Title}: {step.Meaning}");
}

Title("3. Upload a credit-scoring model (a neural random forest; see MODEL.md)");
var uploaded = await client.UploadModelAsync("credit", model);
Console.WriteLine($"   {uploaded.Name} version {uploaded.Version}, {uploaded.Size:N0} bytes, kept in {uploaded.Durability}");
Console.WriteLine($"   digest {uploaded.Digest}");

Title("4. Score eight applicants");
var features = Tensor.From(applicants.Encode(), applicants.Rows.Count, applicants.FeatureCount);
var result = await client.RunAsync("credit", new Dictionary<string, Tensor> { ["features"] = features });
PrintScores(result["class_probabilities"].ToArray<float>());

Title("5. Four attacks, each refused");
var refusals = 0;
await RefuseAsync("a man in the middle forwards the genuine evidence", async () =>
{
    // Who forwards sealed requests learns nothing, so there he must have a key of his own in the evidence too.
    await using var middle = options.Channel == ChannelMode.Sealed ? Impostor.WithSealedRequestKey(server.Url) : Impostor.Between(server.Url);
    await BlindAIClient.ConnectAsync(middle.Url, policy, options);
});
await RefuseAsync("an impostor replays evidence that he recorded", async () =>
{
    var recorded = await Impostor.RecordEvidenceAsync(server.Url);
    await using var impostor = new Impostor(_ => Task.FromResult(recorded));
    await BlindAIClient.ConnectAsync(impostor.Url, policy, options);
});
await RefuseAsync("the policy expects another enclave than the one that answers", async () =>
    await BlindAIClient.ConnectAsync(server.Url, PolicyFor(Convert.ToHexStringLower(new byte[32])), options));
await RefuseAsync("somebody swaps the model for another of the same name", async () =>
{
    var swapped = await File.ReadAllBytesAsync(model);
    swapped[^2000] ^= 1;
    await client.DeleteModelAsync("credit");
    await client.UploadModelAsync("credit", new MemoryStream(swapped));
    await using var careful = await BlindAIClient.ConnectAsync(server.Url, PolicyFor(server.SimulationKey, uploaded.Digest), options);
    await careful.RunAsync("credit", new Dictionary<string, Tensor> { ["features"] = features });
});

Console.WriteLine();
Console.WriteLine($"Done: eight applicants scored, {refusals} of 4 attacks refused. In simulation the checks are real and the hardware is not.");
return refusals == 4 ? 0 : 1;

static AttestationPolicy PolicyFor(string simulationKey, string? creditDigest = null) => AttestationPolicy.Parse(Encoding.UTF8.GetBytes($$"""
    {
      "version": 1,
      "service": "localhost",
      "machines": "any",
      "dangerouslyAnyConfiguration": true,
      "accept": [ { "tee": "simulation", "key": "{{simulationKey}}" } ],
      {{(creditDigest is null ? "" : $"\"models\": {{ \"default/credit\": [\"{creditDigest}\"] }},")}}
      "otherModels": "allow"
    }
    """));

async Task RefuseAsync(string attack, Func<Task> attempt)
{
    Console.WriteLine($"   - {attack}");
    try
    {
        await attempt();
        Console.WriteLine("     NOT REFUSED");
    }
    catch (AttestationException refusal)
    {
        Refused((int)refusal.Code, refusal.Code.ToString(), refusal.Message);
    }
    catch (ServingException refusal)
    {
        Refused((int)refusal.Code, refusal.Code.ToString(), refusal.Message);
    }
}

void Refused(int code, string name, string message)
{
    refusals++;
    Console.WriteLine($"     refused, code {code} {name}: {message}");
}

void PrintScores(float[] probabilities)
{
    for (var row = 0; row < applicants.Rows.Count; row++)
    {
        var applicant = applicants.Rows[row];
        Console.WriteLine($"   applicant {row + 1}: {probabilities[(row * 2) + 1],6:P1} risk of a bad credit (was {applicant.GetProperty("outcome").GetString()})");
        Console.WriteLine($"      {string.Join(';', applicant.GetProperty("description").GetString()!.Split(';').Take(5))}");
    }

    Console.WriteLine("   A demonstration, never a decision about anybody: MODEL.md says why.");
}

static void Title(string text)
{
    Console.WriteLine();
    Console.WriteLine(text);
}
