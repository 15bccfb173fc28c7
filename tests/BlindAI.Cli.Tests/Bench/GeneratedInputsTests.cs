using BlindAI.Cli.Bench;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tests.Bench;

public sealed class GeneratedInputsTests
{
    public static TheoryData<TensorDatatype> Datatypes => [.. Enum.GetValues<TensorDatatype>()];

    [Theory]
    [MemberData(nameof(Datatypes))]
    public void Make_EveryDatatype_IsTheSameTensorTwice(TensorDatatype datatype)
    {
        var description = new TensorDescription("x", datatype.WireName(), [-1, 3, -1]);

        var tensor = GeneratedInputs.Make(description, null);

        Assert.Equal((datatype, "[1,3,1]"), (tensor.Datatype, tensor.Shape.ToString()));
        Assert.Equal(tensor.Data.ToArray(), GeneratedInputs.Make(description, null).Data.ToArray());
    }

    [Fact]
    public void Make_Values_AreFromZeroToOne()
    {
        var floats = GeneratedInputs.Make(new("x", "FP32", [1000]), null).ToArray<float>();
        var halves = GeneratedInputs.Make(new("x", "FP16", [1000]), null).ToArray<Half>();
        var integers = GeneratedInputs.Make(new("x", "INT64", [1000]), null).ToArray<long>();

        Assert.All(floats, value => Assert.InRange(value, 0, 1));
        Assert.True(floats.Distinct().Count() > 900);
        Assert.All(halves, value => Assert.InRange((double)value, 0, 1));
        Assert.Equal([0L, 1L], integers.Distinct().Order());
        Assert.Equal(["a", "a"], GeneratedInputs.Make(new("x", "BYTES", [2]), null).ToStrings());
    }

    [Fact]
    public void Make_ShapeGiven_ReplacesTheModels() => Assert.Equal("FP32[2,128]", GeneratedInputs.Make(new("x", "FP32", [-1, -1]), [2, 128]).ToString());

    [Theory]
    [InlineData("FP32", 1L << 24, 2)]
    [InlineData("UINT8", 1L << 40, 1L << 22)]
    public void Make_TooLarge_IsRefused(string datatype, long first, long second) =>
        Assert.Throws<UsageException>(() => GeneratedInputs.Make(new("x", datatype, [-1, -1]), [first, second]));

    [Fact]
    public void Make_OverflowingShape_IsRefused() =>
        Assert.Throws<ServingException>(() => GeneratedInputs.Make(new("x", "UINT8", [-1, -1]), [long.MaxValue, long.MaxValue]));

    [Theory]
    [InlineData("x")]
    [InlineData("=1")]
    [InlineData("x=1,")]
    [InlineData("x=-1")]
    [InlineData("x=1,a")]
    [InlineData("x=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1")]
    [InlineData("x=99999999999999999999")]
    public void ParseShapes_Wrong_IsRefused(string argument) => Assert.Throws<UsageException>(() => GeneratedInputs.ParseShapes([argument]));

    [Fact]
    public void ParseShapes_NameTwice_IsRefused() => Assert.Throws<UsageException>(() => GeneratedInputs.ParseShapes(["x=1", "x=2"]));

    [Fact]
    public void ParseShapes_NoDimensions_IsAScalar() => Assert.Equal([], GeneratedInputs.ParseShapes(["a=b="])["a=b"]);
}
