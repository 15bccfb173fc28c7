namespace BlindAI.Protocol.Ohttp;

/// <summary>How a message is sealed.</summary>
public enum OhttpForm
{
    /// <summary>In chunks that are opened as they arrive, the last one marked.</summary>
    /// <remarks>Source: draft-ietf-ohai-chunked-ohttp-08.</remarks>
    Chunked,

    /// <summary>As a whole.</summary>
    /// <remarks>Source: RFC 9458.</remarks>
    Single,
}
