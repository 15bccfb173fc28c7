namespace BlindAI.Client.Models;

/// <summary>In which form a model shall run.</summary>
public enum UploadPrecision
{
    /// <summary>As it was uploaded.</summary>
    AsUploaded,

    /// <summary>Weights of matrix products as 8-bit integers: a derived form, which the answer names. The model's digest stays that of the upload.</summary>
    Int8,
}
