using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Engines;

/// <summary>The inputs and outputs of a model, in the model's order.</summary>
public sealed record ModelSignature(IReadOnlyList<TensorMetadata> Inputs, IReadOnlyList<TensorMetadata> Outputs)
{
    /// <summary>The one input that a request must give, or may give where there is no other; null when that is not one.</summary>
    public TensorMetadata? SoleInput
    {
        get
        {
            TensorMetadata[] required = [.. Inputs.Where(input => !input.IsOptional)];
            return required is [var one] ? one : required.Length == 0 && Inputs is [var only] ? only : null;
        }
    }

    /// <summary>Refuses a request that does not fit, before anything runs.</summary>
    /// <param name="inputs">The tensors of the request.</param>
    /// <param name="outputs">The names that it asks for; none asks for all.</param>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.TensorUnknown"/>, <see cref="ServingCode.TensorMissing"/>, <see cref="ServingCode.TensorDuplicate"/>,
    /// <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.ShapeInvalid"/>.
    /// </exception>
    public void Check(IReadOnlyList<NamedTensor> inputs, IReadOnlyList<string> outputs)
    {
        for (var index = 0; index < inputs.Count; index++)
        {
            var input = inputs[index];
            RefuseDuplicate(inputs, index);
            CheckInput(input.Name, input.Tensor.Datatype, input.Tensor.Shape);
        }

        if (inputs.Count < Inputs.Count && Inputs.FirstOrDefault(input => !input.IsOptional && !inputs.Any(given => given.Name == input.Name)) is { } missing)
        {
            throw new ServingException(ServingCode.TensorMissing, $"The model needs the input \"{missing.Name}\" ({missing}).");
        }

        for (var index = 0; index < outputs.Count; index++)
        {
            _ = Find(Outputs, outputs[index]) ?? throw Unknown("output", outputs[index], Outputs);
            for (var earlier = 0; earlier < index; earlier++)
            {
                if (outputs[earlier] == outputs[index])
                {
                    throw new ServingException(ServingCode.TensorDuplicate, $"The output \"{outputs[index]}\" is asked for twice.");
                }
            }
        }
    }

    /// <summary>Refuses an input by what is said of it, before its data is read or converted.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.TensorUnknown"/>, <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.ShapeInvalid"/>.
    /// </exception>
    public void CheckInput(string name, TensorDatatype datatype, TensorShape shape)
    {
        var expected = Find(Inputs, name) ?? throw Unknown("input", name, Inputs);
        if (datatype != expected.Datatype)
        {
            throw new ServingException(ServingCode.DatatypeInvalid, $"The input \"{name}\" is {datatype.WireName()}; the model takes {expected.Datatype.WireName()}.");
        }

        if (!expected.Accepts(shape))
        {
            throw new ServingException(ServingCode.ShapeInvalid, $"The input \"{name}\" is {datatype.WireName()}{shape}; the model takes {expected}.",
                expected.Shape.Contains(TensorMetadata.Variable) ? "-1 stands for any size." : null);
        }
    }

    // Requests name a handful of tensors: a walk costs less than a set, and allocates nothing.
    private static void RefuseDuplicate(IReadOnlyList<NamedTensor> inputs, int index)
    {
        for (var earlier = 0; earlier < index; earlier++)
        {
            if (inputs[earlier].Name == inputs[index].Name)
            {
                throw new ServingException(ServingCode.TensorDuplicate, $"The input \"{inputs[index].Name}\" is given twice.");
            }
        }
    }

    private static TensorMetadata? Find(IReadOnlyList<TensorMetadata> tensors, string name)
    {
        for (var index = 0; index < tensors.Count; index++)
        {
            if (tensors[index].Name == name)
            {
                return tensors[index];
            }
        }

        return null;
    }

    private static ServingException Unknown(string role, string name, IReadOnlyList<TensorMetadata> known) =>
        new(ServingCode.TensorUnknown, $"The model has no {role} \"{name}\".", $"its {role}s are {string.Join(", ", known.Select(tensor => $"\"{tensor.Name}\""))}.");
}
