namespace BlindAI.Protocol.Configuration;

/// <summary>How much the server logs; part of the trust configuration. No level logs what a request or a model holds.</summary>
public enum ServerLogLevel
{
    /// <summary>Everything that is ever logged.</summary>
    Trace,

    /// <summary>Also shapes, which reveal a text's length.</summary>
    Debug,

    /// <summary>Names, sizes, durations and codes.</summary>
    Information,

    /// <summary>What an operator should look at.</summary>
    Warning,

    /// <summary>Defects of the server.</summary>
    Error,

    /// <summary>Nothing.</summary>
    None,
}
