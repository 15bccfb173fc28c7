using System.Collections.Concurrent;
using BlindAI.Attestation;
using BlindAI.Protocol;

namespace BlindAI.Bench.Load;

/// <summary>Counts what came of every request.</summary>
internal sealed class LoadTally
{
    private readonly ConcurrentDictionary<string, int> _unexpected = new();
    private readonly ConcurrentDictionary<int, int> _expected = new();
    private long _right;
    private long _cancelled;
    private long _broken;
    private long _uploads;

    public long Right => Volatile.Read(ref _right);

    public long Cancelled => Volatile.Read(ref _cancelled);

    public long Broken => Volatile.Read(ref _broken);

    public long Uploads => Volatile.Read(ref _uploads);

    public IReadOnlyDictionary<int, int> Expected => _expected;

    public IReadOnlyDictionary<string, int> Unexpected => _unexpected;

    public void CountBroken() => Interlocked.Increment(ref _broken);

    public void CountUpload() => Interlocked.Increment(ref _uploads);

    /// <summary>Runs one request and counts what it came to.</summary>
    /// <param name="ask">Asks, and says whether the answer is the right one.</param>
    /// <param name="mayCancel">Whether the caller goes away by himself.</param>
    /// <param name="expected">Codes that may come.</param>
    public async Task CountAsync(Func<Task<bool>> ask, bool mayCancel = false, params int[] expected)
    {
        try
        {
            if (await ask())
            {
                Interlocked.Increment(ref _right);
            }
            else
            {
                Surprise("a wrong answer");
            }
        }
        catch (OperationCanceledException) when (mayCancel)
        {
            Interlocked.Increment(ref _cancelled);
        }
        catch (ServingException refusal) when (expected.Contains((int)refusal.Code))
        {
            _expected.AddOrUpdate((int)refusal.Code, 1, static (_, count) => count + 1);
        }
        catch (ServingException refusal)
        {
            Surprise($"code {(int)refusal.Code}: {refusal.Message}");
        }
        catch (AttestationException refusal)
        {
            Surprise($"code {(int)refusal.Code}: {refusal.Message}");
        }
        catch (Exception exception)
        {
            Surprise($"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private void Surprise(string what) => _unexpected.AddOrUpdate(what, 1, static (_, count) => count + 1);
}
