namespace BlindAI.Inference.Models;

/// <summary>Whether a model version answers at once.</summary>
public enum ModelState
{
    /// <summary>Loaded.</summary>
    Ready,

    /// <summary>Not loaded; the next request loads it.</summary>
    Unloaded,
}
