namespace BlindAI.Protocol.Ohttp;

/// <summary>An encapsulated message or a key configuration was refused.</summary>
public sealed class OhttpException : Exception
{
    /// <summary>Refuses; the text follows from the fault, so that it tells no more.</summary>
    public OhttpException(OhttpFault fault, Exception? innerException = null)
        : base(Describe(fault), innerException) => Fault = fault;

    /// <summary>How it fails.</summary>
    public OhttpFault Fault { get; }

    private static string Describe(OhttpFault fault) => fault switch
    {
        OhttpFault.KeyUnknown => "The key or the suite is not known here. hint: fetch the key configuration again, and verify it.",
        OhttpFault.Truncated => "The sealed message ends before its final chunk.",
        _ => "The sealed message is not valid.",
    };
}
