using BlindAI.Protocol;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Grpc;

/// <summary>A message as it was read, or why it is refused: the library's readers know no codes, and one bad message of a stream must not end it.</summary>
internal sealed class Received<T> : IDisposable
    where T : class
{
    private readonly T? _value;
    private readonly ServingException? _fault;
    private MemoryReservation? _memory;

    public Received(T value, MemoryReservation? memory = null)
    {
        _value = value;
        _memory = memory;
    }

    public Received(ServingException fault, string? id = null)
    {
        _fault = fault;
        Id = id;
    }

    /// <summary>The id of a message that is refused, where it has one.</summary>
    public string? Id { get; }

    /// <summary>Whether it is refused.</summary>
    public bool IsRefused => _value is null;

    /// <summary>The message.</summary>
    /// <exception cref="ServingException">Why it is refused.</exception>
    public T Value => _value ?? throw _fault!;

    /// <summary>Counts the memory of the message, and of its answer.</summary>
    public MemoryReservation Memory => _memory ?? throw new InvalidOperationException("The message takes no memory.");

    /// <summary>Gives the memory of the message back.</summary>
    public void Dispose()
    {
        (_value as IDisposable)?.Dispose();
        _memory?.Dispose();
        _memory = null;
    }
}
