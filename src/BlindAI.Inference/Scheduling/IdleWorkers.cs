namespace BlindAI.Inference.Scheduling;

/// <summary>The threads that wait for work. The last to go to sleep is the first to be woken: its processor's caches still hold the model.</summary>
internal sealed class IdleWorkers
{
    private readonly Stack<Bed> _asleep = [];

    /// <summary>How many wait. Under the scheduler's lock, as everything but <see cref="Bed.Sleep"/>.</summary>
    public int Count => _asleep.Count;

    /// <summary>A thread is about to sleep; it does so outside of the lock.</summary>
    public void Add(Bed bed) => _asleep.Push(bed);

    /// <summary>Wakes one, if one waits.</summary>
    public void WakeOne()
    {
        if (_asleep.TryPop(out var bed))
        {
            bed.Wake();
        }
    }

    /// <summary>Wakes all.</summary>
    public void WakeAll()
    {
        while (_asleep.Count > 0)
        {
            WakeOne();
        }
    }

    /// <summary>Where one thread sleeps.</summary>
    internal sealed class Bed
    {
        private readonly object _gate = new();
        private bool _isWoken;

        /// <summary>Waits to be woken, without spinning; returns at once if that was done since.</summary>
        public void Sleep()
        {
            lock (_gate)
            {
                while (!_isWoken)
                {
                    _ = Monitor.Wait(_gate);
                }

                _isWoken = false;
            }
        }

        public void Wake()
        {
            lock (_gate)
            {
                _isWoken = true;
                Monitor.Pulse(_gate);
            }
        }
    }
}
