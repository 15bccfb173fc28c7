using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BlindAI.Protocol.Inference;
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
        Assert.Equal(0u, (nuint)pin.Pointer % NativeBlocks.Alignment);
    }

    [Fact]
    public void Construct_AfterOthersWrote_HoldsNothingOfTheirs()
    {
        // Every length of a size class, so that a later block reaches beyond an earlier one's end.
        for (var round = 0; round < 200; round++)
        {
            using IDisposable owner = new NativeBuffer(100_000 + (round * 150));
            var span = ((NativeBuffer)owner).Memory.Span;

            Assert.False(span.ContainsAnyExcept((byte)0));
            span.Fill(0xA5);
        }
    }

    [Fact]
    public async Task Construct_AfterABodyThatEndedEarly_HoldsNothingOfIt()
    {
        const int Announced = 3_000_000;
        var json = Encoding.ASCII.GetBytes($$"""{"inputs":[{"name":"x","datatype":"UINT8","shape":[{{Announced}}],"parameters":{"binary_data_size":{{Announced}} } }]}""");
        for (var round = 0; round < 40; round++)
        {
            var came = Enumerable.Repeat((byte)0xA5, round * 50_000);
            var pipe = PipeReader.Create(new ReadOnlySequence<byte>([.. json, .. came]));
            await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, async () => await new InferenceBodyReader(pipe, new()).ReadBinaryAsync(json.Length, TestContext.Current.CancellationToken));

            using IDisposable owner = new NativeBuffer(Announced);
            Assert.False(((NativeBuffer)owner).Memory.Span.ContainsAnyExcept((byte)0));
        }
    }

    [Fact]
    public async Task Construct_ManyThreads_NoBlockIsInTwoHands()
    {
        await Parallel.ForAsync(0, 5000, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, async (index, _) =>
        {
            using IDisposable owner = new NativeBuffer(1 + (index % 5000));
            var memory = ((NativeBuffer)owner).Memory;
            memory.Span.Fill((byte)index);
            await Task.Yield();
            Assert.False(memory.Span.ContainsAnyExcept((byte)index));
        });

        Assert.InRange(NativeBlocks.KeptBytes, 0, NativeBlocks.MaxKeptBytes);
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
