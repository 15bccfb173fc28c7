namespace BlindAI.Protocol.Hpke;

/// <summary>A key, an encapsulation or a ciphertext was refused. Which one and why is not said: whoever sent it learns nothing from the refusal.</summary>
public sealed class HpkeException : Exception
{
    /// <summary>Refuses.</summary>
    public HpkeException(Exception? innerException = null)
        : base("The key, the encapsulation or the ciphertext is not valid.", innerException)
    {
    }
}
