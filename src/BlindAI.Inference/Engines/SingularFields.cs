using BlindAI.Protocol;

namespace BlindAI.Inference.Engines;

/// <summary>Refuses a singular protobuf field that comes twice.</summary>
internal struct SingularFields
{
    private uint _seen;

    /// <summary>Notes a field: 1 to 31.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelInvalid"/>: it was there before.</exception>
    public void Once(int field)
    {
        if (Has(field))
        {
            throw new ServingException(ServingCode.ModelInvalid, $"The model gives a single value (field {field}) twice.");
        }

        _seen |= 1u << field;
    }

    /// <summary>Whether the field was there.</summary>
    public readonly bool Has(int field) => (_seen & (1u << field)) != 0;
}
