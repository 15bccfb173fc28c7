using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Grpc;

/// <summary>What belongs to the call that is being served, where the library hands on nothing but a message: it owns whatever takes memory, however the call ends.</summary>
/// <remarks>A message can be read and never reach its method: more bytes may follow it than may, or the deadline may pass in between.</remarks>
internal sealed class GrpcCall(Func<MemoryReservation> reserve) : IDisposable
{
    private static readonly AsyncLocal<GrpcCall?> Ambient = new();

    private IDisposable? _message;
    private MemoryReservation? _decompression;

    /// <summary>The call of the calling method.</summary>
    public static GrpcCall Current => Ambient.Value ?? throw new InvalidOperationException("No gRPC call is being served here.");

    /// <summary>Makes this the current call until the calling method returns.</summary>
    public void Enter() => Ambient.Value = this;

    /// <summary>A share of the memory for requests.</summary>
    public MemoryReservation Reserve() => reserve();

    /// <summary>Counts bytes of a message that is being decompressed, until it has been read.</summary>
    public void GrowDecompression(long bytes) => (_decompression ??= reserve()).Grow(bytes);

    /// <summary>Takes over a message, and lets go of the one before it.</summary>
    public void Own(IDisposable message)
    {
        _message?.Dispose();
        _message = message;
    }

    /// <summary>The message has been read: the library lets go of what it was decompressed to.</summary>
    public void EndDecompression()
    {
        _decompression?.Dispose();
        _decompression = null;
    }

    public void Dispose()
    {
        EndDecompression();
        _message?.Dispose();
        _message = null;
    }
}
