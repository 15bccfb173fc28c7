namespace BlindAI.Inference.Engines;

/// <summary>A function of a model: how many nodes it has, and which functions it calls how often.</summary>
internal sealed class OnnxFunction
{
    /// <summary>Nodes of its body, calls included.</summary>
    public long Nodes { get; set; }

    /// <summary>Calls by domain and operator; most are operators and no functions.</summary>
    public Dictionary<(string Domain, string Name), long> Calls { get; } = [];

    /// <summary>Nodes once every call in it is replaced by its body; null until computed.</summary>
    public long? Expanded { get; set; }
}
