namespace BlindAI.Client.Tests;

public sealed class PinnedModelTests(ServerFixture fixture) : ModelTests(fixture, ChannelMode.Pinned);
