using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Scheduling;

/// <summary>What a namespace has had of the threads' time. It changes under the scheduler's lock.</summary>
internal sealed class NamespaceTurn(NamespaceName owner)
{
    public NamespaceName Owner => owner;

    /// <summary>Time of workers, in ticks, on a clock that never lets an idle namespace save up.</summary>
    public long VirtualTime { get; set; }

    /// <summary>Its runs that are under way.</summary>
    public int Running { get; set; }

    /// <summary>When a request of it last came.</summary>
    public long LastSeen { get; set; }

    /// <summary>Its models for which requests wait.</summary>
    public int Active { get; set; }
}
