using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Client.Models;

/// <summary>An answer: which model gave it, and its tensors, which view the received bytes without copies.</summary>
public sealed class InferenceResult
{
    internal InferenceResult(string model, string version, ModelDigest? digest, IReadOnlyList<NamedTensor> outputs)
    {
        Model = model;
        Version = version;
        Digest = digest;
        Outputs = outputs;
    }

    /// <summary>The model that answered.</summary>
    public string Model { get; }

    /// <summary>Its version.</summary>
    public string Version { get; }

    /// <summary>Its digest as the enclave reports it.</summary>
    public ModelDigest? Digest { get; }

    /// <summary>The outputs, in the order that was asked for; without one, in the model's.</summary>
    public IReadOnlyList<NamedTensor> Outputs { get; }

    /// <summary>The output of a name.</summary>
    /// <exception cref="KeyNotFoundException">The model has no such output, or it was not asked for.</exception>
    public Tensor this[string name]
    {
        get
        {
            foreach (var output in Outputs)
            {
                if (output.Name == name)
                {
                    return output.Tensor;
                }
            }

            throw new KeyNotFoundException($"The answer has no output \"{name}\"; it has {string.Join(", ", Outputs.Select(output => output.Name))}.");
        }
    }
}
