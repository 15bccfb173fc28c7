using BlindAI.Client;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>Our server as its users call it: the SDK's client, which has verified the enclave, tensors in binary.</summary>
internal sealed class RestBinaryContender(string name, BlindAIClient client, string suffix = "") : Contender(name)
{
    private Workload? _workload;

    public override Task<string?> PrepareAsync(Workload workload)
    {
        _workload = workload;
        return Task.FromResult<string?>(null);
    }

    public override Func<ValueTask<float[]>> MakeCaller()
    {
        var (model, output) = (_workload!.Model + suffix, _workload.Output);
        var inputs = _workload.Inputs.ToDictionary(input => input.Name, input => input.Tensor, StringComparer.Ordinal);
        return async () => (await client.RunAsync(model, inputs))[output].ToArray<float>();
    }
}
