using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Tests.Tensors;

public sealed class TensorTests
{
    [Fact]
    public void From_Array_IsAViewAndNotACopy()
    {
        var values = new[] { 1f, 2f };
        var tensor = Tensor.From(values);
        values[0] = 9;

        Assert.Equal([9f, 2f], tensor.ToArray<float>());
        Assert.Equal("FP32[2]", tensor.ToString());
    }

    [Fact]
    public void Copy_Span_IsACopy()
    {
        var values = new[] { 1, 2 };
        var tensor = Tensor.Copy<int>(values, 2, 1);
        values[0] = 9;

        Assert.Equal([1, 2], tensor.ToArray<int>());
        Assert.Equal([2, 1], tensor.Shape);
    }

    [Fact]
    public void From_SliceOfMemory_ViewsTheSlice()
    {
        var tensor = Tensor.From<short>(new short[] { 1, 2, 3, 4 }.AsMemory(1, 2));

        Assert.Equal([2, 0, 3, 0], tensor.Data.ToArray());
    }

    [Fact]
    public unsafe void Pin_TypedMemory_PointsAtTheElement()
    {
        var values = new[] { 1, 2, 3 };
        var data = Tensor.From(values).Data;
        using var whole = data.Pin();
        using var second = data[4..].Pin();

        Assert.Equal(1, *(int*)whole.Pointer);
        Assert.Equal(2, *(int*)second.Pointer);
        Assert.Throws<NotSupportedException>(() => data[3..].Pin());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void From_ValuesThatDoNotFillTheShape_IsMismatch(int length) => Refusals.AssertCode(ServingCode.DataMismatch, () => Tensor.From(new float[length], 2, 2));

    [Fact]
    public void From_NegativeDimension_IsShapeInvalid() => Refusals.AssertCode(ServingCode.ShapeInvalid, () => Tensor.From(new float[4], -1, 4));

    [Fact]
    public void From_TypeThatIsNoElement_IsMisuse()
    {
        Assert.Throws<ArgumentException>(() => Tensor.From(new[] { 'a' }));
        Assert.Throws<ArgumentException>(() => Tensor.From(new[] { DayOfWeek.Monday }));
    }

    [Fact]
    public void AsSpan_AnotherType_IsMisuse()
    {
        var tensor = Tensor.From([1f]);

        Assert.Throws<InvalidOperationException>(() => tensor.AsSpan<int>().Length);
        Assert.Throws<InvalidOperationException>(() => tensor.ToStrings());
        Assert.Throws<InvalidOperationException>(() => Tensor.FromStrings(["a"]).AsSpan<byte>().Length);
    }

    [Fact]
    public void FromStrings_Text_RoundTrips()
    {
        var tensor = Tensor.FromStrings(["", "é", "日本"], 3, 1);

        Assert.Equal(["", "é", "日本"], tensor.ToStrings());
        Assert.Equal("BYTES[3,1]", tensor.ToString());
        Assert.Equal(12 + 2 + 6, tensor.Data.Length);
    }

    [Fact]
    public void Construct_ByteStringOfTwoGibibytes_IsMismatch() => Refusals.AssertCode(
        ServingCode.DataMismatch, () => _ = new Tensor(TensorDatatype.Bytes, new(1), new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0 }));

    [Fact]
    public void Find_EveryWireName_GivesItsDatatype()
    {
        foreach (var datatype in Enum.GetValues<TensorDatatype>())
        {
            Assert.Equal(datatype, TensorDatatypes.Find(datatype.WireName()));
        }
    }
}
