using System.Text;
using System.Text.Json;
using BlindAI.Cli.Tensors;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tests.Tensors;

public sealed class TensorOutputTests
{
    public static TheoryData<TensorDatatype, byte[], string> Ones => new()
    {
        { TensorDatatype.Bool, [1], "true" },
        { TensorDatatype.UInt8, [1], "1" },
        { TensorDatatype.UInt16, [1, 0], "1" },
        { TensorDatatype.UInt32, [1, 0, 0, 0], "1" },
        { TensorDatatype.UInt64, [1, 0, 0, 0, 0, 0, 0, 0], "1" },
        { TensorDatatype.Int8, [0xFF], "-1" },
        { TensorDatatype.Int16, [0xFF, 0xFF], "-1" },
        { TensorDatatype.Int32, [0xFF, 0xFF, 0xFF, 0xFF], "-1" },
        { TensorDatatype.Int64, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "-1" },
        { TensorDatatype.Fp16, [0x00, 0x3E], "1.5" },
        { TensorDatatype.Bf16, [0xC0, 0x3F], "1.5" },
        { TensorDatatype.Fp32, [0x00, 0x00, 0xC0, 0x3F], "1.5" },
        { TensorDatatype.Fp64, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F], "1.5" },
        { TensorDatatype.Bytes, [1, 0, 0, 0, (byte)'a'], "\"a\"" },
    };

    [Theory]
    [MemberData(nameof(Ones))]
    public void Preview_EveryDatatype_IsTheValue(TensorDatatype datatype, byte[] data, string expected)
    {
        var tensor = new Tensor(datatype, new(1), data);

        Assert.Equal(expected, TensorOutput.Preview(tensor));
        Assert.Equal($"[{expected}]", Json(tensor));
        Assert.True(TensorOutput.HasJsonForm(tensor));
    }

    [Theory]
    [InlineData(TensorDatatype.Fp16, "007E")]
    [InlineData(TensorDatatype.Bf16, "807F")]
    [InlineData(TensorDatatype.Fp32, "0000807F")]
    [InlineData(TensorDatatype.Fp64, "000000000000F87F")]
    [InlineData(TensorDatatype.Bytes, "01000000FF")]
    public void HasJsonForm_NotFiniteOrNoText_IsFalse(TensorDatatype datatype, string hex) =>
        Assert.False(TensorOutput.HasJsonForm(new Tensor(datatype, new(1), Convert.FromHexString(hex))));

    private static string Json(Tensor tensor)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            TensorOutput.WriteJson(writer, tensor);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
