using BlindAI.Protocol;

namespace BlindAI.Inference.Models;

/// <summary>A limit on bytes that is drawn on as they arrive; what is drawn here is drawn from every budget above too.</summary>
public sealed class ByteBudget : IDisposable
{
    private readonly ServingCode _code;
    private readonly string _subject;
    private readonly ByteBudget? _parent;
    private long _used;

    /// <summary>Opens a budget.</summary>
    /// <param name="limit">Most bytes.</param>
    /// <param name="code">What exceeding it answers.</param>
    /// <param name="subject">What it is about, for the message: "The model".</param>
    /// <param name="parent">The budget that this one is a part of.</param>
    public ByteBudget(long limit, ServingCode code, string subject, ByteBudget? parent = null)
    {
        Limit = limit;
        _code = code;
        _subject = subject;
        _parent = parent;
    }

    /// <summary>Most bytes.</summary>
    public long Limit { get; }

    /// <summary>Bytes drawn and not returned.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Draws bytes.</summary>
    /// <exception cref="ServingException">This budget, or one above, does not have them; nothing is drawn then.</exception>
    public void Take(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) > Limit)
        {
            _ = Interlocked.Add(ref _used, -bytes);
            throw TooLarge();
        }

        try
        {
            _parent?.Take(bytes);
        }
        catch (ServingException)
        {
            _ = Interlocked.Add(ref _used, -bytes);
            throw;
        }
    }

    /// <summary>Refuses bytes that are announced and can never fit, before they come.</summary>
    /// <exception cref="ServingException">They are more than this budget's limit.</exception>
    public void RefuseOver(long announced)
    {
        if (announced > Limit)
        {
            throw TooLarge();
        }
    }

    /// <summary>Returns everything that was drawn here.</summary>
    public void Dispose()
    {
        var used = Interlocked.Exchange(ref _used, 0);
        _parent?.Return(used);
    }

    private ServingException TooLarge() => new(_code, $"{_subject} is over the limit of {Limit} bytes.");

    private void Return(long bytes)
    {
        _ = Interlocked.Add(ref _used, -bytes);
        _parent?.Return(bytes);
    }
}
