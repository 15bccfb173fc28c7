using System.Formats.Tar;
using BlindAI.Inference.Models;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Tests;

/// <summary>Bundles made on the way that uploads take.</summary>
internal static class Bundles
{
    public static ByteBudget Budget(long limit = 1 << 28) => new(limit, ServingCode.RequestTooLarge, "The model");

    public static ModelBundle Of(byte[] model) => Receive(new MemoryStream(model), BundleFormat.Onnx);

    public static ModelBundle Of(params ReadOnlySpan<(string Path, byte[] Bytes)> files) => Receive(new MemoryStream(Tar(files)), BundleFormat.Tar);

    public static ModelBundle Receive(Stream body, BundleFormat format) =>
        BundleReceiver.ReceiveAsync(body, format, Budget(), cancellationToken: TestContext.Current.CancellationToken).GetAwaiter().GetResult();

    public static byte[] Tar(params ReadOnlySpan<(string Path, byte[] Bytes)> files) => Tar(TarEntryFormat.Ustar, files);

    public static byte[] Tar(TarEntryFormat format, params ReadOnlySpan<(string Path, byte[] Bytes)> files)
    {
        var output = new MemoryStream();
        using (var archive = new TarWriter(output, format, leaveOpen: true))
        {
            foreach (var (path, bytes) in files)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, path),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, path),
                    _ => new UstarTarEntry(TarEntryType.RegularFile, path),
                };
                entry.DataStream = new MemoryStream(bytes);
                archive.WriteEntry(entry);
            }
        }

        return output.ToArray();
    }

    public static OnnxGraph IdentityGraph(OnnxType type) => new OnnxGraph("identity").Input("x", type, "n").Node("Identity", ["x"], ["y"]).Output("y", type, "n");

    public static byte[] Identity(OnnxType type = OnnxType.Float) => IdentityGraph(type).ToModel().Encode();

    /// <summary>Adds a constant of 2 floats, [1, 2], that lives in another file.</summary>
    public static byte[] WithExternal(string location, long? offset = null, long? length = null) => new OnnxGraph("external")
        .Input("x", OnnxType.Float, 2)
        .Constant("w", OnnxTensor.External(OnnxType.Float, location, offset, length, 2))
        .Node("Add", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, 2)
        .ToModel()
        .Encode();
}
