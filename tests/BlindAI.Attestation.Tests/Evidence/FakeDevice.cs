using System.Runtime.InteropServices;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>A device that answers ioctl as a driver does: it follows the addresses in the argument.</summary>
internal sealed class FakeDevice(FakeDevice.Driver driver)
{
    public delegate int Driver(uint request, Span<byte> argument);

    public int Opened { get; private set; }

    public int Closed { get; private set; }

    public List<uint> Requests { get; } = [];

    public static byte[] ReadMemory(ulong address, int length)
    {
        var bytes = new byte[length];
        Marshal.Copy((nint)address, bytes, 0, length);
        return bytes;
    }

    public static void WriteMemory(ulong address, byte[] bytes) => Marshal.Copy(bytes, 0, (nint)address, bytes.Length);

    public IControlDevice Open()
    {
        Opened++;
        return new Handle(this, driver);
    }

    private sealed class Handle(FakeDevice device, Driver driver) : IControlDevice
    {
        public int Control(uint request, Span<byte> argument)
        {
            device.Requests.Add(request);
            return driver(request, argument);
        }

        public void Dispose() => device.Closed++;
    }
}
