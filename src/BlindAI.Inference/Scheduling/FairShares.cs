using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Scheduling;

/// <summary>Which model's turn it is: of the namespace that has had least of the threads' time, the model that has had least. It changes under the scheduler's lock.</summary>
/// <remarks>Source: docs/scheduling.md, clause 2.4.</remarks>
internal sealed class FairShares(int workers, TimeProvider time)
{
    /// <summary>Namespaces without requests whose time is remembered.</summary>
    private const int MaxRememberedNamespaces = 1000;

    // A run of this length is long to wait for, and a namespace that came within this time is there.
    private static readonly TimeSpan LongRun = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RecentlySeen = TimeSpan.FromMinutes(1);

    private readonly List<ModelQueue> _active = [];
    private readonly Dictionary<NamespaceName, NamespaceTurn> _namespaces = [];

    /// <summary>Models for which requests wait; the order is that of the last <see cref="Sort"/>.</summary>
    public IReadOnlyList<ModelQueue> Active => _active;

    /// <summary>Puts the models in the order of their turns.</summary>
    public void Sort() => _active.Sort(static (one, other) => one.Turn.VirtualTime != other.Turn.VirtualTime
        ? one.Turn.VirtualTime.CompareTo(other.Turn.VirtualTime)
        : one.VirtualTime.CompareTo(other.VirtualTime));

    /// <summary>A model that was idle has a request: it comes back with the least time that anybody has had, since idleness saves nothing up.</summary>
    public void Add(ModelQueue queue, NamespaceName owner)
    {
        if (!_namespaces.TryGetValue(owner, out var turn))
        {
            _namespaces.Add(owner, turn = new NamespaceTurn(owner));
        }

        var (least, leastOfOwner) = (long.MaxValue, long.MaxValue);
        foreach (var other in _active)
        {
            least = Math.Min(least, other.Turn.VirtualTime);
            leastOfOwner = other.Turn == turn ? Math.Min(leastOfOwner, other.VirtualTime) : leastOfOwner;
        }

        if (turn.Active++ == 0 && least != long.MaxValue)
        {
            turn.VirtualTime = Math.Max(turn.VirtualTime, least);
        }

        if (leastOfOwner != long.MaxValue)
        {
            queue.VirtualTime = Math.Max(queue.VirtualTime, leastOfOwner);
        }

        turn.LastSeen = time.GetTimestamp();
        queue.Turn = turn;
        _active.Add(queue);
    }

    /// <summary>Nothing waits for the model any more.</summary>
    public void Remove(ModelQueue queue)
    {
        _ = _active.Remove(queue);
        if (--queue.Turn.Active == 0 && queue.Turn.Running == 0 && _namespaces.Count > MaxRememberedNamespaces)
        {
            _ = _namespaces.Remove(queue.Turn.Owner);
        }
    }

    /// <summary>A run of the model begins: what it is expected to take is charged at once, so that the next thread sees it.</summary>
    public static void Begin(ModelQueue queue)
    {
        queue.Turn.Running++;
        queue.VirtualTime += queue.ExpectedTicks;
        queue.Turn.VirtualTime += queue.ExpectedTicks;
    }

    /// <summary>A run has ended: what was charged becomes what it took.</summary>
    public static void End(ModelQueue queue, long expected, long actual, int jobs)
    {
        queue.Turn.Running--;
        queue.VirtualTime += actual - expected;
        queue.Turn.VirtualTime += actual - expected;

        // An average of about eight runs; a long one counts whole, since others wait for it.
        queue.ExpectedTicks = actual > LongRun.Ticks ? actual : queue.ExpectedTicks + ((actual - queue.ExpectedTicks) / 8);
        queue.ExpectedJobTicks += ((actual / jobs) - queue.ExpectedJobTicks) / 8;
    }

    /// <summary>Whether the model has to wait because its namespace would have all threads with long runs while others use the server.</summary>
    /// <remarks>Runs cannot be interrupted and taken up again: the others would wait for as long as a run takes.</remarks>
    public bool LeavesAThreadToOthers(ModelQueue queue)
    {
        if (workers == 1 || queue.ExpectedTicks < LongRun.Ticks || queue.Turn.Running < workers - 1)
        {
            return false;
        }

        foreach (var other in _namespaces.Values)
        {
            if (other != queue.Turn && time.GetElapsedTime(other.LastSeen) < RecentlySeen)
            {
                return true;
            }
        }

        return false;
    }
}
