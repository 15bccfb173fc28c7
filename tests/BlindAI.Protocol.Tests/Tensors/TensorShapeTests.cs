using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Tests.Tensors;

public sealed class TensorShapeTests
{
    [Theory]
    [InlineData(new long[0], 1)]
    [InlineData(new long[] { 0 }, 0)]
    [InlineData(new long[] { 2, 0, 3 }, 0)]
    [InlineData(new long[] { 2, 3, 4 }, 24)]
    [InlineData(new long[] { long.MaxValue, 1 }, long.MaxValue)]
    [InlineData(new long[] { long.MaxValue, 0 }, 0)]
    public void ElementCount_Dimensions_IsTheirProduct(long[] dimensions, long expected) => Assert.Equal(expected, new TensorShape(dimensions).ElementCount);

    [Theory]
    [InlineData(new long[] { -1 })]
    [InlineData(new[] { long.MinValue })]
    [InlineData(new long[] { 0, -1 })]
    [InlineData(new long[] { long.MaxValue, 2 })]
    [InlineData(new long[] { 1L << 32, 1L << 31 })]
    [InlineData(new long[] { 0, 1L << 40, 1L << 40 })]
    [InlineData(new long[] { 1L << 40, 1L << 40, 0 })]
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })]
    public void Construct_DimensionsThatAreNone_IsShapeInvalid(long[] dimensions) => Refusals.AssertCode(ServingCode.ShapeInvalid, () => _ = new TensorShape(dimensions));

    [Fact]
    public void ByteCount_Overflow_IsShapeInvalid()
    {
        Refusals.AssertCode(ServingCode.ShapeInvalid, () => _ = new TensorShape(1L << 61).ByteCount(8) + new TensorShape(1L << 60).ByteCount(8));
        Assert.Equal(1L << 62, new TensorShape(1L << 59).ByteCount(8));
    }

    [Fact]
    public void Equals_SameDimensions_IsTrueAndHashesAgree()
    {
        Assert.Equal(new TensorShape(1, 2), new TensorShape(1, 2));
        Assert.Equal(new TensorShape(1, 2).GetHashCode(), new TensorShape(1, 2).GetHashCode());
        Assert.NotEqual(new TensorShape(1, 2), new TensorShape(2, 1));
        Assert.Equal("[1,2]", new TensorShape(1, 2).ToString());
    }

    [Fact]
    public void Construct_FromAnArray_DoesNotKeepIt()
    {
        var dimensions = new long[] { 2, 3 };
        var shape = new TensorShape(dimensions);
        dimensions[0] = 7;

        Assert.Equal([2, 3], shape);
    }
}
