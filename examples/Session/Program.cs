using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Protocol.Tensors;

var policy = AttestationPolicy.Load("policy.json");
await using var client = await BlindAIClient.ConnectAsync(new Uri(args[0]), policy);
await client.UploadModelAsync("credit", "examples/Quickstart/credit-forest.onnx");
var result = await client.RunAsync("credit", new Dictionary<string, Tensor> { ["features"] = Tensor.From(new float[63], 1, 63) });
Console.WriteLine($"probability of a bad credit: {result["class_probabilities"].AsSpan<float>()[1]:0.000}");
