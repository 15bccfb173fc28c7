using System.Text;
using BlindAI.Cli.Tensors;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Tests.Tensors;

public sealed class JsonInputTests
{
    [Theory]
    [InlineData("[[1, 2], [3, 4]]", "FP32", new long[] { -1, 2 }, "FP32[2,2]")]
    [InlineData("[1, 2, 3, 4]", "FP32", new long[] { -1, 2 }, "FP32[2,2]")]
    [InlineData("[1, 2]", "INT64", new long[] { 1, 2 }, "INT64[1,2]")]
    [InlineData("[1, 2, 3]", "INT64", new long[] { -1 }, "INT64[3]")]
    [InlineData("[7]", "INT64", new long[] { }, "INT64[]")]
    [InlineData("[]", "FP32", new long[] { -1, 2 }, "FP32[0,2]")]
    [InlineData("[\"a\", \"b\"]", "BYTES", new long[] { -1 }, "BYTES[2]")]
    [InlineData("[true, false]", "BOOL", new long[] { 2 }, "BOOL[2]")]
    [InlineData("{\"data\": [1, 2]}", "FP32", new long[] { -1, 2 }, "FP32[1,2]")]
    [InlineData("{\"datatype\": \"FP64\", \"data\": [1, 2]}", "FP32", new long[] { -1, 2 }, "FP64[1,2]")]
    [InlineData("{\"shape\": [2, 1], \"data\": [1, 2]}", "FP32", new long[] { -1, 2 }, "FP32[2,1]")]
    public void ToTensor_WhatTheJsonLeavesOut_ComesFromTheModel(string json, string datatype, long[] shape, string expected)
    {
        using var input = new JsonInput("x", Encoding.UTF8.GetBytes(json));

        Assert.True(input.NeedsDescription);
        Assert.Equal(expected, input.ToTensor(new TensorDescription("x", datatype, shape)).ToString());
    }

    [Fact]
    public void ToTensor_CompleteJson_NeedsNoModel()
    {
        using var input = new JsonInput("x", """{"datatype": "INT8", "shape": [3], "data": [-1, 0, 1]}"""u8.ToArray());

        Assert.False(input.NeedsDescription);
        Assert.Equal([-1, 0, 1], input.ToTensor(null).ToArray<sbyte>());
    }

    [Theory]
    [InlineData("", ServingCode.RequestMalformed)]
    [InlineData("[1", ServingCode.RequestMalformed)]
    [InlineData("[1] 2", ServingCode.RequestMalformed)]
    [InlineData("5", ServingCode.RequestMalformed)]
    [InlineData("{}", ServingCode.RequestMalformed)]
    [InlineData("{\"data\": 5}", ServingCode.RequestMalformed)]
    [InlineData("{\"data\": [1], \"name\": \"x\"}", ServingCode.RequestMalformed)]
    [InlineData("{\"\\ud800\": [1]}", ServingCode.RequestMalformed)]
    [InlineData("{\"datatype\": \"\\ud800\"}", ServingCode.RequestMalformed)]
    [InlineData("{\"data\": [1], \"shape\": 1}", ServingCode.RequestMalformed)]
    [InlineData("{\"data\": [1], \"shape\": [1.5]}", ServingCode.RequestMalformed)]
    [InlineData("{\"data\": [1], \"shape\": [-1]}", ServingCode.ShapeInvalid)]
    [InlineData("{\"data\": [1], \"shape\": [4294967296, 4294967296]}", ServingCode.ShapeInvalid)]
    [InlineData("{\"data\": [1], \"shape\": [4294967296]}", ServingCode.DataMismatch)]
    [InlineData("{\"data\": [1], \"datatype\": 5}", ServingCode.DatatypeInvalid)]
    [InlineData("{\"data\": [1], \"datatype\": \"FP16\"}", ServingCode.DatatypeInvalid)]
    [InlineData("[NaN, 1]", ServingCode.NumberNotFinite)]
    [InlineData("[1, -Infinity]", ServingCode.NumberNotFinite)]
    [InlineData("[1e999, 1]", ServingCode.DataMismatch)]
    [InlineData("[null, 1]", ServingCode.DataMismatch)]
    [InlineData("[1, 2, 3]", ServingCode.DataMismatch)]
    [InlineData("[[1, 2], [3]]", ServingCode.DataMismatch)]
    [InlineData("[[1, 2], 3]", ServingCode.DataMismatch)]
    [InlineData("[\"1\", \"2\"]", ServingCode.DataMismatch)]
    public void ToTensor_WrongJson_IsRefusedWithItsCode(string json, ServingCode expected)
    {
        var refused = Assert.Throws<ServingException>(() =>
        {
            using var input = new JsonInput("x", Encoding.UTF8.GetBytes(json));
            input.ToTensor(new TensorDescription("x", "FP32", [-1, 2]));
        });

        Assert.Equal(expected, refused.Code);
    }

    [Theory]
    [InlineData("[[0,1")]
    [InlineData("[NaN]")]
    [InlineData("5")]
    [InlineData("{\"\\ud800\": [1]}")]
    public void Create_BrokenJson_NamesTheInput(string json)
    {
        var refused = Assert.Throws<ServingException>(() => new JsonInput("x", Encoding.UTF8.GetBytes(json)));

        Assert.Contains("nput \"x\"", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ToTensor_FlatListForSeveralFreeDimensions_AsksForAShape()
    {
        using var input = new JsonInput("x", "[1, 2]"u8.ToArray());

        var refused = Assert.Throws<ServingException>(() => input.ToTensor(new TensorDescription("x", "FP32", [-1, -1])));

        Assert.Equal(ServingCode.ShapeInvalid, refused.Code);
        Assert.Contains("shape", refused.Hint, StringComparison.Ordinal);
    }
}
