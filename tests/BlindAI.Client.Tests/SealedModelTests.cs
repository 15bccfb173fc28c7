namespace BlindAI.Client.Tests;

public sealed class SealedModelTests(ServerFixture fixture) : ModelTests(fixture, ChannelMode.Sealed);
