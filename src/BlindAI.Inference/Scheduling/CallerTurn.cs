namespace BlindAI.Inference.Scheduling;

/// <summary>What one caller has waiting at one priority level, first come first; callers take turns.</summary>
internal sealed class CallerTurn(PriorityLevel level, object caller)
{
    public PriorityLevel Level => level;

    public object Caller => caller;

    public LinkedList<InferenceJob> Jobs { get; } = [];

    /// <summary>Its place among the turns; null while it has nothing waiting.</summary>
    public LinkedListNode<CallerTurn>? Place { get; set; }
}
