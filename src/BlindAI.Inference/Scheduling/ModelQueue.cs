using BlindAI.Inference.Models;

namespace BlindAI.Inference.Scheduling;

/// <summary>What waits for one model version: strict priority between levels, turns between callers, first come first for each. Its state changes under the scheduler's lock.</summary>
/// <remarks>Source: Triton's dynamic batcher for preferred sizes, delay and priorities; docs/scheduling.md.</remarks>
internal sealed class ModelQueue
{
    // A batch looks at no more waiting requests than this, whatever has queued.
    private const int MaxLooks = 1024;

    // So many more slow runs than quick ones, weighted, end inline running.
    private const int MostSlowInlineRuns = 64;

    private readonly PriorityLevel[] _levels;
    private readonly List<InferenceJob> _candidates = [];
    private int _slowInlineRuns;
    private bool _isInlineTooSlow;
    private volatile bool _batchingFailed;

    public ModelQueue(ModelConfiguration configuration, RunProfile profile)
    {
        Configuration = configuration;
        Profile = profile;
        _levels = new PriorityLevel[Math.Max(configuration.PriorityLevels, 1)];
        for (var level = 0; level < _levels.Length; level++)
        {
            _levels[level] = new();
        }
    }

    public ModelConfiguration Configuration { get; }

    public RunProfile Profile { get; }

    /// <summary>Most rows of a batch; 1 when nothing is batched.</summary>
    public int MaxBatch => _batchingFailed ? 1 : Math.Max(Configuration.MaxBatchSize, 1);

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Time of workers that the model has had, on a clock that never lets an idle model save up.</summary>
    public long VirtualTime { get; set; }

    /// <summary>What a run is expected to take, in ticks: a moving average.</summary>
    public long ExpectedTicks { get; set; }

    /// <summary>The same for each request of a run.</summary>
    public long ExpectedJobTicks { get; set; }

    /// <summary>The share of its namespace; set while requests wait.</summary>
    public NamespaceTurn Turn { get; set; } = null!;

    /// <summary>Wakes a worker when a delayed batch is due; made when one first is.</summary>
    public ITimer? Wake { get; set; }

    /// <summary>Whether a request of that size runs on the thread that received it.</summary>
    public bool RunsInline(long elements) => elements <= Profile.InlineElements && !_isInlineTooSlow;

    /// <summary>Notes how long an inline run took; a model that turns out slow is queued from then on.</summary>
    public void NoteInlineRun(TimeSpan elapsed, TimeSpan limit)
    {
        // A thread that lost its processor looks slow, so one run proves nothing: only more than a ninth of them do.
        Note(elapsed > limit ? 8 : -1);
    }

    /// <summary>Notes an inline run that took so long that it was ended: three of them are enough.</summary>
    public void NoteEndedInlineRun() => Note(MostSlowInlineRuns / 2);

    /// <summary>Batches no more: a batch gave outputs that could not be taken apart.</summary>
    public void GiveUpBatching() => _batchingFailed = true;

    public void Add(InferenceJob job)
    {
        _levels[LevelOf(job)].Add(job);
        Count++;
    }

    public void Remove(InferenceJob job, bool usesTurn = false)
    {
        job.Turn!.Level.Remove(job, usesTurn);
        Count--;
    }

    /// <summary>Makes room in a full queue for a caller that has less waiting than another: the other's newest request gives way. Null when there is none.</summary>
    public InferenceJob? FindToDisplace(InferenceJob arrival)
    {
        var level = LevelOf(arrival);
        for (var lower = _levels.Length - 1; lower > level; lower--)
        {
            if (_levels[lower].Heaviest() is { } outranked)
            {
                return outranked.Jobs.Last!.Value;
            }
        }

        return _levels[level].Heaviest() is { } heaviest && heaviest.Jobs.Count > _levels[level].CountOf(arrival.Request.Caller) + 1
            ? heaviest.Jobs.Last!.Value
            : null;
    }

    /// <summary>The first waiting job in the order of service; null when nothing waits.</summary>
    public InferenceJob? First()
    {
        foreach (var level in _levels)
        {
            if (level.Turns.First is { } turn)
            {
                return turn.Value.Jobs.First!.Value;
            }
        }

        return null;
    }

    /// <summary>Takes the next batch; false when it still waits for more requests, and then <paramref name="due"/> says for how long.</summary>
    /// <param name="batch">Takes the jobs.</param>
    /// <param name="waited">How long the first has waited.</param>
    /// <param name="mixesCallers">Whether requests of several callers may share a batch.</param>
    /// <param name="due">The time until the batch is formed of what there is.</param>
    public bool TryTake(List<InferenceJob> batch, TimeSpan waited, bool mixesCallers, out TimeSpan due)
    {
        due = TimeSpan.Zero;
        var first = First()!;
        if (MaxBatch == 1 || first.Rows == 0 || first.Rows >= MaxBatch)
        {
            Remove(first, usesTurn: true);
            batch.Add(first);
            return true;
        }

        var rows = Gather(first, mixesCallers);
        var preferred = rows == MaxBatch ? 0 : PreferredCount();
        if (preferred == 0 && rows < MaxBatch && waited < Configuration.MaxQueueDelay)
        {
            due = Configuration.MaxQueueDelay - waited;
            return false;
        }

        var count = preferred > 0 ? preferred : _candidates.Count;
        for (var index = 0; index < count; index++)
        {
            Remove(_candidates[index], usesTurn: true);
            batch.Add(_candidates[index]);
        }

        _candidates.Clear();                                // it would hold the requests, and their answers, until the next batch
        return true;
    }

    // One request of each caller in turn, then the next of each: who has many waiting fills what others leave.
    private int Gather(InferenceJob first, bool mixesCallers)
    {
        _candidates.Clear();
        _candidates.Add(first);
        var rows = first.Rows;
        var looks = 0;
        if (!mixesCallers)
        {
            for (var node = first.Place!.Next; node is not null && rows < MaxBatch && looks < MaxLooks; node = node.Next, looks++)
            {
                TryAdd(node.Value);
            }

            return rows;
        }

        // The first had its turn: its caller comes last.
        var cursors = first.Turn!.Level.Turns.Skip(1).Select(turn => turn.Jobs.First).Append(first.Place!.Next).ToArray();
        for (var isAnyLeft = true; isAnyLeft && rows < MaxBatch && looks < MaxLooks;)
        {
            isAnyLeft = false;
            for (var turn = 0; turn < cursors.Length && rows < MaxBatch; turn++)
            {
                for (var isAdded = false; cursors[turn] is { } node && !isAdded && looks < MaxLooks; looks++)
                {
                    isAdded = TryAdd(node.Value);
                    cursors[turn] = node.Next;
                }

                isAnyLeft |= cursors[turn] is not null;
            }
        }

        return rows;

        bool TryAdd(InferenceJob job)
        {
            if (job.Rows == 0 || rows + job.Rows > MaxBatch || !Batch.Agree(first.Request, job.Request))
            {
                return false;
            }

            _candidates.Add(job);
            rows += job.Rows;
            return true;
        }
    }

    // How many of the candidates make the largest preferred size; 0 when none does.
    private int PreferredCount()
    {
        var sizes = Configuration.PreferredBatchSizes;
        for (var index = sizes.Count - 1; index >= 0; index--)
        {
            var rows = 0;
            for (var count = 1; count <= _candidates.Count; count++)
            {
                rows += _candidates[count - 1].Rows;
                if (rows == sizes[index])
                {
                    return count;
                }
            }
        }

        return 0;
    }

    // Without a lock: a lost update is a run that is not counted.
    private void Note(int strikes)
    {
        strikes = Math.Max(0, Volatile.Read(ref _slowInlineRuns) + strikes);
        Volatile.Write(ref _slowInlineRuns, strikes);
        if (strikes > MostSlowInlineRuns)
        {
            _isInlineTooSlow = true;
        }
    }

    // Levels count from 1; a request that names none has the default, and one beyond the last has the last.
    private int LevelOf(InferenceJob job)
    {
        var asked = job.Request.Priority == 0 ? (ulong)Configuration.DefaultPriorityLevel : job.Request.Priority;
        return (int)Math.Clamp(asked, 1, (ulong)_levels.Length) - 1;
    }
}
