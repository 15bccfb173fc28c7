using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Tests.Tensors;

public sealed class NativeBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public unsafe void Construct_AnyLength_IsAlignedAndOfThatLength(int length)
    {
        using IDisposable owner = new NativeBuffer(length);
        var buffer = (NativeBuffer)owner;
        using var pin = buffer.Pin();

        Assert.Equal(length, buffer.Memory.Length);
        Assert.Equal(0u, (nuint)pin.Pointer % NativeBuffer.Alignment);
    }

    [Fact]
    public void Construct_NegativeLength_IsMisuse() => Assert.Throws<ArgumentOutOfRangeException>(() => new NativeBuffer(-1));

    [Fact]
    public void Pin_OutsideTheBlock_IsMisuse()
    {
        using IDisposable owner = new NativeBuffer(4);
        var buffer = (NativeBuffer)owner;

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Pin(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Pin(-1));
        buffer.Pin(4).Dispose();
    }

    [Fact]
    public void Dispose_Twice_IsHarmlessAndEndsEveryView()
    {
        var buffer = new NativeBuffer(4);
        var view = buffer.Memory;
        ((IDisposable)buffer).Dispose();
        ((IDisposable)buffer).Dispose();

        Assert.Throws<ObjectDisposedException>(() => view.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => view.Pin());
    }
}
