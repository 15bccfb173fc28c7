using System.Buffers.Binary;
using System.Text;
using BlindAI.Cli.Tensors;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using CsCheck;

namespace BlindAI.Cli.Tests.Tensors;

public sealed class NpyFileTests
{
    public static TheoryData<TensorDatatype> NumberDatatypes => [.. Enum.GetValues<TensorDatatype>().Where(datatype => datatype != TensorDatatype.Bytes)];

    [Theory]
    [MemberData(nameof(NumberDatatypes))]
    public void Read_WhatEncodeWrote_IsTheSameTensor(TensorDatatype datatype) =>
        Gen.Long[0, 4].Array[0, 5].SelectMany(dimensions =>
        {
            var shape = new TensorShape(dimensions);
            var most = datatype == TensorDatatype.Bool ? (byte)1 : byte.MaxValue;
            return Gen.Byte[0, most].Array[(int)shape.ByteCount(datatype.ElementSize()!.Value)].Select(data => new Tensor(datatype, shape, data));
        }).Sample(tensor =>
        {
            var file = NpyFile.Encode(tensor);
            var read = NpyFile.Read(file);

            Assert.Equal(datatype, read.Datatype);
            Assert.Equal(tensor.Shape, read.Shape);
            Assert.True(tensor.Data.Span.SequenceEqual(read.Data.Span));
            Assert.Equal(0, (file.Length - tensor.Data.Length) % 64);
        }, iter: 100);

    [Fact]
    public void Read_WhatEncodeWroteOfText_IsTheSameText()
    {
        var tensor = Tensor.FromStrings(["", "a", "größer", "b"], 2, 2);

        var read = NpyFile.Read(NpyFile.Encode(tensor));

        Assert.Equal(tensor.ToStrings(), read.ToStrings());
        Assert.Equal(tensor.Shape, read.Shape);
    }

    [Fact]
    public void Encode_TextThatEndsInZero_IsRefused() =>
        Assert.Equal(ServingCode.DatatypeInvalid, Assert.Throws<ServingException>(() => NpyFile.Encode(Tensor.FromStrings(["a\0"]))).Code);

    [Fact]
    public void Encode_Matrix_IsByteForByteWhatNumpyWrites()
    {
        var file = NpyFile.Encode(Tensor.From([1f, 2f], 1, 2));

        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(header.PadRight(117) + "\n"), 0, 0, 128, 63, 0, 0, 0, 64], file);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}")]
    [InlineData("{'shape': (2,), 'descr': '<f4', 'fortran_order': False, }   \n")]
    [InlineData("{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,)}")]
    public void Read_OtherSpellingsOfTheHeader_AreTheSame(string header)
    {
        Assert.Equal("FP32[2]", NpyFile.Read(File(header, 8)).ToString());
        Assert.Equal("FP32[2]", NpyFile.Read(File(header, 8, major: 2)).ToString());
    }

    [Fact]
    public void Read_UnicodeArray_IsUtf8()
    {
        byte[] data = [.. Encoding.UTF32.GetBytes("ü€"), .. Encoding.UTF32.GetBytes("a\0")];

        var read = NpyFile.Read((byte[])[.. File("{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }", 0), .. data]);

        Assert.Equal(["ü€", "a"], read.ToStrings());
    }

    [Theory]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '>U1', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '', 'fortran_order': False, 'shape': (1,), }", 8, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }", 0, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '|S99999999999', 'fortran_order': False, 'shape': (1,), }", 0, ServingCode.DatatypeInvalid)]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", 8, ServingCode.DataMismatch)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, ServingCode.DataMismatch)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, ServingCode.DataMismatch)]
    [InlineData("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", -1, ServingCode.DataMismatch)]
    [InlineData("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", -4, ServingCode.DataMismatch)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", 8, ServingCode.DataMismatch)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 8, ServingCode.ShapeInvalid)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,), }", 8, ServingCode.ShapeInvalid)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'extra': 1}", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'shape': (2,), }", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }; import os", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), ", 8, ServingCode.RequestMalformed)]
    [InlineData("{'descr': '<f4", 8, ServingCode.RequestMalformed)]
    [InlineData("", 8, ServingCode.RequestMalformed)]
    public void Read_HostileFile_IsRefused(string header, int dataLength, ServingCode expected)
    {
        // A negative length is that many bytes of 0xFF instead of zeros.
        byte[] data = [.. Enumerable.Repeat((byte)0xFF, Math.Max(-dataLength, 0))];

        var refused = Assert.Throws<ServingException>(() => NpyFile.Read((byte[])[.. File(header, Math.Max(dataLength, 0)), .. data]));

        Assert.Equal(expected, refused.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("93")]
    [InlineData("934E554D5059")]
    [InlineData("934E554D50590100")]
    [InlineData("934E554D505901000A")]
    [InlineData("934E554D505901000A007B")]
    [InlineData("934E554D505902000A00")]
    [InlineData("934E554D50590200FFFFFFFF")]
    [InlineData("934E554D505903000A0000007B")]
    [InlineData("934E554D5059010176007B")]
    [InlineData("504B0304140000000000")]
    public void Read_BrokenPreamble_IsMalformed(string hex) =>
        Assert.Equal(ServingCode.RequestMalformed, Assert.Throws<ServingException>(() => NpyFile.Read(Convert.FromHexString(hex))).Code);

    [Fact]
    public void Read_AnyPrefixOfAFile_IsRefused()
    {
        var file = NpyFile.Encode(Tensor.From([1, 2, 3]));

        Assert.All(Enumerable.Range(0, file.Length), length => Assert.Throws<ServingException>(() => NpyFile.Read(file.AsMemory(0, length))));
    }

    [Fact]
    public void Read_AnyBytesAfterTheMagic_AreATensorOrRefused() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            try
            {
                NpyFile.Read((byte[])[0x93, .. "NUMPY"u8, 1, 0, (byte)bytes.Length, 0, .. bytes]);
            }
            catch (ServingException)
            {
                // Refused with a code: what every wrong file must end in.
            }
        }, iter: 1000);

    private static byte[] File(string header, int dataLength, byte major = 1)
    {
        var length = new byte[major == 1 ? 2 : 4];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)header.Length);
        return [0x93, .. "NUMPY"u8, major, 0, .. length, .. Encoding.Latin1.GetBytes(header), .. new byte[dataLength]];
    }
}
