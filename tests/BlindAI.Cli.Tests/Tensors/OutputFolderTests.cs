using BlindAI.Cli.Tensors;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tests.Tensors;

public sealed class OutputFolderTests
{
    [Theory]
    [InlineData("probabilities", "probabilities")]
    [InlineData("dense/Softmax:0", "dense_Softmax_0")]
    [InlineData("..", "_..")]
    [InlineData("../../etc/passwd", "_.._.._etc_passwd")]
    [InlineData("/etc/passwd", "_etc_passwd")]
    [InlineData("a\0b\u001b", "a_b_")]
    [InlineData("", "_")]
    public void SafeName_NameOfAModel_StaysInTheFolder(string name, string expected) => Assert.Equal(expected, OutputFolder.SafeName(name));

    [Fact]
    public void Write_NamesThatBecomeTheSame_AreKeptApart()
    {
        using var folder = new TemporaryFolder();
        var outputs = new OutputFolder(folder.PathOf("out"), force: false);

        string[] files = [.. new[] { "a:b", "a/b", "A_B" }.Select(name => outputs.Write(new(name, Tensor.From([1f]))))];

        Assert.Equal(["a_b.npy", "a_b-2.npy", "A_B-3.npy"], files.Select(Path.GetFileName));
    }
}
