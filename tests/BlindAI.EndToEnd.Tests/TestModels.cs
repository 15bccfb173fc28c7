using System.Formats.Tar;
using BlindAI.OnnxWriter;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Small models and bundles.</summary>
internal static class TestModels
{
    /// <summary>sum = a + b, all float32[batch, 2].</summary>
    public static byte[] Sum { get; } = new OnnxGraph("sum")
        .Input("a", OnnxType.Float, "batch", 2)
        .Input("b", OnnxType.Float, "batch", 2)
        .Node("Add", ["a", "b"], ["sum"])
        .Output("sum", OnnxType.Float, "batch", 2)
        .ToModel()
        .Encode();

    /// <summary>y = x, of one dimension.</summary>
    public static byte[] Identity(OnnxType type) => new OnnxGraph("identity").Input("x", type, "n").Node("Identity", ["x"], ["y"]).Output("y", type, "n").ToModel().Encode();

    /// <summary>Multiplies two matrices of 256 x 256 as many times as its input says: a run as long as a test wants.</summary>
    public static byte[] Busy { get; } = new OnnxGraph("busy")
        .Input("times", OnnxType.Int64)
        .Constant("more", OnnxTensor.Scalar(true))
        .Constant("start", OnnxTensor.Of<float>(Enumerable.Repeat(1f / 256, 256 * 256).ToArray(), 256, 256))
        .Constant("w", OnnxTensor.Of<float>(Enumerable.Repeat(1f / 256, 256 * 256).ToArray(), 256, 256))
        .Constant("axes", OnnxTensor.Vector(0L, 1L))
        .Node("Loop", ["times", "more", "start"], ["product"], OnnxAttribute.Graph("body", new OnnxGraph("body")
            .Input("iteration", OnnxType.Int64)
            .Input("goes_on", OnnxType.Bool)
            .Input("from", OnnxType.Float, 256, 256)
            .Node("Identity", ["goes_on"], ["goes_on_still"])
            .Node("MatMul", ["from", "w"], ["to"])
            .Output("goes_on_still", OnnxType.Bool)
            .Output("to", OnnxType.Float, 256, 256)))
        .Node("ReduceSum", ["product", "axes"], ["total"], OnnxAttribute.Int("keepdims", 0))
        .Output("total", OnnxType.Float)
        .ToModel()
        .Encode();

    /// <summary>Makes as many floats as its input says: a small question with a large answer.</summary>
    public static byte[] Widen { get; } = new OnnxGraph("widen")
        .Input("times", OnnxType.Int64, 1)
        .Constant("one", OnnxTensor.Vector(1f))
        .Node("Expand", ["one", "times"], ["wide"])
        .Output("wide", OnnxType.Float, "n")
        .ToModel()
        .Encode();

    /// <summary>Picks one of three values by its index, and fails where there is none.</summary>
    public static byte[] Pick { get; } = new OnnxGraph("pick")
        .Input("index", OnnxType.Int64, 1)
        .Constant("values", OnnxTensor.Vector(1f, 2f, 3f))
        .Node("Gather", ["values", "index"], ["value"])
        .Output("value", OnnxType.Float, 1)
        .ToModel()
        .Encode();

    /// <summary>y = x + w, where w is two floats in another file, wherever a test says.</summary>
    public static byte[] WithExternalData(string location, long? offset = 0, long? length = 8) => new OnnxGraph("external")
        .Input("x", OnnxType.Float, 2)
        .Constant("w", OnnxTensor.External(OnnxType.Float, location, offset, length, 2))
        .Node("Add", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, 2)
        .ToModel()
        .Encode();

    /// <summary>A tar archive of regular files.</summary>
    public static byte[] Tar(params (string Path, byte[] Bytes)[] files) => Tar(files.Select(file => (TarEntry)new UstarTarEntry(TarEntryType.RegularFile, file.Path) { DataStream = new MemoryStream(file.Bytes) }));

    /// <summary>A tar archive of any entries.</summary>
    public static byte[] Tar(IEnumerable<TarEntry> entries)
    {
        var output = new MemoryStream();
        using (var archive = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                archive.WriteEntry(entry);
            }
        }

        return output.ToArray();
    }
}
