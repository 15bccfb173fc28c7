namespace BlindAI.Inference.Models;

/// <summary>In which form a model's weights run.</summary>
public enum ModelPrecision
{
    /// <summary>As uploaded.</summary>
    AsUploaded,

    /// <summary>Weights of matrix products as 8-bit integers, activations quantised as they come (<c>DynamicQuantizeLinear</c>, <c>MatMulInteger</c>): a derived form.</summary>
    DynamicInt8,
}
