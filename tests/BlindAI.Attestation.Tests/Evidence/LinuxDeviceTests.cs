using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tests.Evidence;

public sealed class LinuxDeviceTests
{
    private const int NotATerminal = 25;

    [Fact]
    public void Control_DeviceWithoutTheRequest_GivesTheKernelsError()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ioctl is Linux's.");
        using var device = LinuxDevice.Open("/dev/null");

        Assert.Equal(NotATerminal, device.Control(0xC0205300, new byte[32]));
    }

    [Fact]
    public void Open_NoDevice_IsAFault() =>
        Assert.True(DeviceFault.IsFault(Assert.ThrowsAny<Exception>(() => LinuxDevice.Open("/dev/blindai-absent"))));
}
