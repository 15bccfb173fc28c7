namespace BlindAI.ReferenceModels;

/// <summary>Models of the architectures and sizes that people serve, with weights from a seed: they answer nonsense at the true cost.</summary>
/// <remarks>Every input and output begins with a dimension named <c>batch</c>. The same seed gives the same file, byte for byte.</remarks>
public static class ModelZoo
{
    private const int ImageClasses = 1000;

    /// <summary>A perceptron of 30, 16 and 2: about 2 KB, microseconds.</summary>
    public static ReferenceModel TinyPerceptron(ulong seed = 1) => Networks.Perceptron.Build("tiny-mlp", seed, 30, 16, 2);

    /// <summary>A perceptron of 1024, 4096, 4096 and 10: 84 MB that every run reads, so it is bound by memory.</summary>
    public static ReferenceModel WidePerceptron(ulong seed = 2) => Networks.Perceptron.Build("wide-mlp", seed, 1024, 4096, 4096, 10);

    /// <summary>MobileNetV2 for <c>float32[batch, 3, 224, 224]</c>: 14 MB.</summary>
    public static ReferenceModel MobileNetV2(ulong seed = 3) => Networks.MobileNetV2.Build(seed, ImageClasses);

    /// <summary>ResNet18 for <c>float32[batch, 3, 224, 224]</c>: 47 MB.</summary>
    public static ReferenceModel ResNet18(ulong seed = 4) => Networks.ResNet18.Build(seed, ImageClasses);

    /// <summary>BERT of 4 layers, width 384, 12 heads, for up to 512 tokens: 77 MB.</summary>
    public static ReferenceModel Bert4(ulong seed = 5) => Networks.TextEncoder.Build("bert4", seed, layers: 4, width: 384, heads: 12);

    /// <summary>An encoder of the size of DistilBERT, for up to 512 tokens: 268 MB.</summary>
    public static ReferenceModel DistilBert(ulong seed = 6) => Networks.TextEncoder.Build("distilbert", seed, layers: 6, width: 768, heads: 12);
}
