using BlindAI.Attestation.Collateral;
using BlindAI.Protocol.Models;

namespace BlindAI.Client;

/// <summary>How a client connects; none of it decides what is trusted.</summary>
public sealed record BlindAIClientOptions
{
    /// <summary>The namespace of every request. Default <c>default</c>.</summary>
    public NamespaceName Namespace { get; init; } = NamespaceName.Default;

    /// <summary>How requests reach the enclave. Default <see cref="ChannelMode.Gated"/>.</summary>
    public ChannelMode Channel { get; init; } = ChannelMode.Gated;

    /// <summary>In <see cref="ChannelMode.Sealed"/>: hides the length of requests and answers in steps of powers of two. Default false.</summary>
    public bool PadSealedRequests { get; init; }

    /// <summary>Longest time for a connection to be made, TLS included. Default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Most connections at a time. Default 64; requests beyond wait for one.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>Most bytes of an answer. Default 1 GiB.</summary>
    public int MaxResponseBytes { get; init; } = 1 << 30;

    /// <summary>Fetches what vendors publish about the server's hardware, before its evidence is verified. Null takes only what the server sends along. Default null.</summary>
    public CollateralClient? Collateral { get; init; }

    /// <summary>The clock. The default is the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
