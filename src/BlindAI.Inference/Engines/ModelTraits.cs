namespace BlindAI.Inference.Engines;

/// <summary>What the graph of a model says about how it may be scheduled.</summary>
/// <param name="HasLoops">It holds a Loop or a Scan: how long a run takes depends on values, not on shapes alone.</param>
/// <param name="ShapesByValue">An operator whose output has as many rows as the values say (NonZero, Compress, Unique, NonMaxSuppression): rows in are not rows out.</param>
/// <param name="SharesScales">It quantises activations as they come, with one scale for all rows: a row's result depends on the others.</param>
public readonly record struct ModelTraits(bool HasLoops, bool ShapesByValue, bool SharesScales);
