namespace BlindAI.Client.Tests;

public sealed class GatedModelTests(ServerFixture fixture) : ModelTests(fixture, ChannelMode.Gated);
