namespace BlindAI.Inference.Scheduling;

/// <summary>Ends a run when nobody waits for it any more, or when it takes too long. One for each thread that may run, used again for every run.</summary>
internal sealed class RunWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly List<CancellationTokenRegistration> _registrations = [];
    private CancellationTokenSource _run = new();
    private int _interested;
    private long _startedAt;
    private bool _isRunning;
    private bool _isStopped;
    private bool _isArmed;

    public RunWatch(TimeSpan limit, TimeProvider time)
    {
        _limit = limit;
        _time = time;
        _timer = time.CreateTimer(static watch => ((RunWatch)watch!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether the last run was ended because it took too long.</summary>
    public bool IsTimedOut { get; private set; }

    /// <summary>Begins to watch a run for these jobs.</summary>
    /// <returns>The token that ends it.</returns>
    public CancellationToken Begin(params ReadOnlySpan<InferenceJob> jobs)
    {
        var token = Start(jobs.Length);
        foreach (var job in jobs)
        {
            Register(job.CancellationToken);
        }

        return token;
    }

    /// <summary>Begins to watch a run for one caller.</summary>
    /// <returns>The token that ends it.</returns>
    public CancellationToken Begin(CancellationToken caller)
    {
        var token = Start(interested: 1);
        Register(caller);
        return token;
    }

    /// <summary>Ends the watch; nothing that comes later touches the next run.</summary>
    public void End()
    {
        // Dispose waits for a callback that is under way, so that none of this run counts against the next.
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _registrations.Clear();
        lock (_gate)
        {
            _isRunning = false;
        }
    }

    /// <summary>Ends the run, if there is one, and every run that would come after it.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            Cancel(isTimedOut: false);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _run.Dispose();
    }

    private CancellationToken Start(int interested)
    {
        lock (_gate)
        {
            if (_run.IsCancellationRequested)
            {
                _run.Dispose();
                _run = new();
            }

            IsTimedOut = false;
            _isRunning = true;
            _interested = interested;
            _startedAt = _time.GetTimestamp();
            if (_isStopped)
            {
                Cancel(isTimedOut: false);
            }

            if (!_isArmed)
            {
                _isArmed = true;
                _ = _timer.Change(_limit, Timeout.InfiniteTimeSpan);
            }

            return _run.Token;
        }
    }

    private void Register(CancellationToken caller)
    {
        if (caller.CanBeCanceled)
        {
            _registrations.Add(caller.UnsafeRegister(static watch => ((RunWatch)watch!).OnLostInterest(), this));
        }
    }

    // The timer is set once for many short runs: when it comes, it is this run's only if the time is up, and waits for the rest if not.
    private void OnTimer()
    {
        lock (_gate)
        {
            var left = _isRunning ? _limit - _time.GetElapsedTime(_startedAt) : TimeSpan.Zero;
            _isArmed = left > TimeSpan.Zero;
            if (_isArmed)
            {
                _ = _timer.Change(left, Timeout.InfiniteTimeSpan);
            }
            else
            {
                Cancel(isTimedOut: true);
            }
        }
    }

    private void OnLostInterest()
    {
        if (Interlocked.Decrement(ref _interested) == 0)
        {
            Cancel(isTimedOut: false);
        }
    }

    // Inside the lock, so that it cannot hit the run after this one; all that it calls is the engine's flag to stop.
    private void Cancel(bool isTimedOut)
    {
        lock (_gate)
        {
            if (_isRunning && !_run.IsCancellationRequested)
            {
                IsTimedOut = isTimedOut;
                _run.Cancel();
            }
        }
    }
}
