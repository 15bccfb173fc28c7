using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Tests.Telemetry;

public sealed class MachineLoadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-server-tests-").FullName;

    [Fact]
    public void ReadUtilization_SecondReading_IsOfTheTimeBetween()
    {
        var load = new MachineLoad(_folder);
        Write("stat", "cpu  10 0 10 60 20 0 0 0 5 0\ncpu0 1 2 3 4\n");
        Assert.Equal(0.2m, load.ReadUtilization());

        // 30 more ticks of user, 60 of idle, 10 of waiting for a disk, which is idle too.
        Write("stat", "cpu  40 0 10 120 30 0 0 0 5 0\n");
        Assert.Equal(0.3m, load.ReadUtilization());
        Assert.Equal(0, load.ReadUtilization());
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu  1 2 3\n")]
    [InlineData("cpu  1 2 x 4\n")]
    [InlineData("cpu  1 2 3 99999999999999999999\n")]
    [InlineData("cpu0 1 2 3 4\n")]
    public void ReadUtilization_AnythingElse_IsNull(string text)
    {
        Write("stat", text);

        Assert.Null(new MachineLoad(_folder).ReadUtilization());
    }

    [Fact]
    public void ReadMemory_TotalAndAvailable_AreInBytes()
    {
        Write("meminfo", "MemTotal:       1000 kB\nMemFree:        100 kB\nMemAvailable:   400 kB\n");

        Assert.Equal((1000 * 1024, 600 * 1024), new MachineLoad(_folder).ReadMemory());
    }

    [Theory]
    [InlineData("MemTotal: 1000 kB\n")]
    [InlineData("MemTotal: 1000 kB\nMemAvailable: 1001 kB\n")]
    [InlineData("MemTotal: -1 kB\nMemAvailable: 1 kB\n")]
    public void ReadMemory_AnythingElse_IsNull(string text)
    {
        Write("meminfo", text);

        Assert.Null(new MachineLoad(_folder).ReadMemory());
    }

    [Fact]
    public void Read_NoFiles_IsNull()
    {
        var load = new MachineLoad(_folder);

        Assert.Null(load.ReadUtilization());
        Assert.Null(load.ReadMemory());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
