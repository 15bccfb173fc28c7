using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels;

namespace BlindAI.Bench.Engine;

/// <summary>What is measured: from a model that costs nothing to one that takes a tenth of a second.</summary>
internal sealed class Workloads
{
    public Workloads(string folder)
    {
        Directory.CreateDirectory(folder);
        Folder = folder;
        Tiny = Workload.Make(folder, () => ModelZoo.TinyPerceptron(), turnSeconds: 0.5);
        Wide = Workload.Make(folder, () => ModelZoo.WidePerceptron(), turnSeconds: 0.6);
        MobileNet = Workload.Make(folder, () => ModelZoo.MobileNetV2(), turnSeconds: 0.8);
        ResNet = Workload.Make(folder, () => ModelZoo.ResNet18(), turnSeconds: 1);
        BertShort = Workload.Make(folder, () => ModelZoo.Bert4(), turnSeconds: 0.6, sequence: 8);
        Bert = Workload.Make(folder, () => ModelZoo.Bert4(), turnSeconds: 0.8, sequence: 128);
        DistilBert = Workload.Make(folder, () => ModelZoo.DistilBert(), turnSeconds: 1.5, sequence: 128);
    }

    /// <summary>Where the model files are.</summary>
    public string Folder { get; }

    public Workload Tiny { get; }

    public Workload Wide { get; }

    public Workload MobileNet { get; }

    public Workload ResNet { get; }

    public Workload BertShort { get; }

    public Workload Bert { get; }

    public Workload DistilBert { get; }

    public IReadOnlyList<Workload> All => [Tiny, Wide, MobileNet, ResNet, BertShort, Bert, DistilBert];

    /// <summary>A model that reads the first number of an input of any size and does nothing else.</summary>
    public Workload Intake(int bytes)
    {
        var length = bytes / sizeof(float);
        return Workload.Make(Folder, () =>
        {
            var network = new NetworkBuilder($"intake-{bytes / 1024}kib", seed: 1);
            var value = network.Input("values", OnnxType.Float, NetworkBuilder.Batch, length);
            var first = network.Node("Gather", [value, network.Constant(OnnxTensor.Vector(0L))], OnnxAttribute.Int("axis", 1));
            network.Output(first, "first", OnnxType.Float, NetworkBuilder.Batch, 1);
            return network.Build();
        }, turnSeconds: 0.5);
    }
}
