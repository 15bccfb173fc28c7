using BlindAI.Protocol;

namespace BlindAI.Server.Endpoints;

/// <summary>A request's share of the memory for requests. It grows with the bytes that arrive, so that what is only announced holds nothing.</summary>
internal sealed class MemoryReservation(RequestMemory memory, RequestMemory.Share caller) : IDisposable
{
    private long _bytes;

    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>.</exception>
    public void Grow(long bytes)
    {
        memory.Take(caller, bytes);
        _bytes += bytes;
    }

    /// <summary>Gives a part back.</summary>
    public void Shrink(long bytes)
    {
        _bytes -= bytes;
        memory.Return(caller, bytes);
    }

    /// <summary>Gives everything back.</summary>
    public void Dispose()
    {
        Shrink(_bytes);
        memory.Forget();
    }
}
