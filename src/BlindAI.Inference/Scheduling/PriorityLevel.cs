namespace BlindAI.Inference.Scheduling;

/// <summary>The callers that wait at one priority level, in the order of their turns.</summary>
internal sealed class PriorityLevel
{
    // Requests without a caller are one caller together.
    private static readonly object Nobody = new();

    private readonly Dictionary<object, CallerTurn> _byCaller = [];

    public LinkedList<CallerTurn> Turns { get; } = [];

    public int CountOf(object? caller) => _byCaller.TryGetValue(caller ?? Nobody, out var turn) ? turn.Jobs.Count : 0;

    public void Add(InferenceJob job)
    {
        var caller = job.Request.Caller ?? Nobody;
        if (!_byCaller.TryGetValue(caller, out var turn))
        {
            _byCaller.Add(caller, turn = new(this, caller));
            turn.Place = Turns.AddLast(turn);
        }

        job.Turn = turn;
        job.Place = turn.Jobs.AddLast(job);
    }

    /// <summary>Takes a job out; its caller's next turn comes after everybody else's when this one was used.</summary>
    public void Remove(InferenceJob job, bool usesTurn)
    {
        var turn = job.Turn!;
        turn.Jobs.Remove(job.Place!);
        job.Place = null;
        if (turn.Jobs.Count == 0)
        {
            Turns.Remove(turn.Place!);
            _ = _byCaller.Remove(turn.Caller);
        }
        else if (usesTurn)
        {
            Turns.Remove(turn.Place!);
            Turns.AddLast(turn.Place!);
        }
    }

    /// <summary>The caller that has most waiting; null when nobody waits.</summary>
    public CallerTurn? Heaviest()
    {
        CallerTurn? heaviest = null;
        foreach (var turn in Turns)
        {
            if (heaviest is null || turn.Jobs.Count > heaviest.Jobs.Count)
            {
                heaviest = turn;
            }
        }

        return heaviest;
    }
}
