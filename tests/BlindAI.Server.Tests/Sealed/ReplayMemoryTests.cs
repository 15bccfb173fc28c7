using BlindAI.Protocol;
using BlindAI.Server.Sealed;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Server.Tests.Sealed;

public sealed class ReplayMemoryTests
{
    private static readonly byte[] One = [1];

    private static readonly byte[] Other = [2];

    private readonly FakeTimeProvider _clock = new(SealedServer.Now);

    [Fact]
    public void Admit_EdgesOfTheWindow_AreInIt()
    {
        var memory = new ReplayMemory(_clock);

        memory.Admit(One, SealedServer.Now - ReplayMemory.Window);
        memory.Admit(Other, SealedServer.Now + ReplayMemory.Window);
        AssertRefused(ServingCode.RequestStale, () => memory.Admit([3], SealedServer.Now - ReplayMemory.Window - TimeSpan.FromTicks(1)));
        AssertRefused(ServingCode.RequestStale, () => memory.Admit([3], SealedServer.Now + ReplayMemory.Window + TimeSpan.FromTicks(1)));
        AssertRefused(ServingCode.RequestStale, () => memory.Admit([3], date: null));
    }

    [Fact]
    public void Admit_TheSameAgain_IsRefusedForAsLongAsItsDateIsAccepted()
    {
        var memory = new ReplayMemory(_clock);
        var date = SealedServer.Now + ReplayMemory.Window;
        memory.Admit(One, date);
        for (var minute = 0; minute <= 20; minute++)
        {
            AssertRefused(ServingCode.RequestReplayed, () => memory.Admit(One, date));
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        AssertRefused(ServingCode.RequestStale, () => memory.Admit(One, date));
    }

    [Fact]
    public void Admit_Full_RefusesUntilTheOldestIsForgotten()
    {
        var memory = new ReplayMemory(_clock, capacity: 1);
        memory.Admit(One, SealedServer.Now);
        AssertRefused(ServingCode.ReplayMemoryFull, () => memory.Admit(Other, SealedServer.Now));

        // Who comes again is told so even then.
        AssertRefused(ServingCode.RequestReplayed, () => memory.Admit(One, SealedServer.Now));
        _clock.Advance(ReplayMemory.Window + TimeSpan.FromTicks(1));
        memory.Admit(Other, _clock.GetUtcNow());
    }

    [Fact]
    public void Admit_ClockSetBack_ServesNothingTwice()
    {
        var clock = new SettableClock { Now = SealedServer.Now };
        var memory = new ReplayMemory(clock);
        memory.Admit(One, SealedServer.Now);
        clock.Now += TimeSpan.FromMinutes(30);
        memory.Admit(Other, clock.Now);
        clock.Now = SealedServer.Now;

        AssertRefused(ServingCode.RequestStale, () => memory.Admit(One, SealedServer.Now));
    }

    private static void AssertRefused(ServingCode code, Action admit) => Assert.Equal(code, Assert.Throws<ServingException>(admit).Code);

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
