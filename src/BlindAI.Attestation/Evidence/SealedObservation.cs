namespace BlindAI.Attestation.Evidence;

/// <summary>An exchange through somebody who ends TLS. Nothing of the connection is trusted; evidence must name the keys that requests are sealed to.</summary>
public sealed record SealedObservation : ChannelObservation;
