using System.Buffers;
using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>A graph with the versions it was written for; <see cref="Encode"/> gives the file.</summary>
/// <remarks>Source: onnx/onnx.proto, ModelProto. The same calls give the same bytes.</remarks>
public sealed class OnnxModel(OnnxGraph graph)
{
    /// <summary>The standard operators of ONNX 1.12, which every runtime of the last years knows.</summary>
    public const int DefaultOpset = 17;

    /// <summary>The file format of ONNX 1.12; see docs/Versioning.md there, "Released Versions".</summary>
    public const int DefaultIrVersion = 8;

    private readonly OnnxGraph _graph = graph;
    private readonly List<KeyValuePair<string, long>> _imports = [];
    private readonly List<KeyValuePair<string, string>> _metadata = [];
    private readonly List<(string Domain, long Opset, OnnxGraph Body)> _functions = [];
    private long _irVersion = DefaultIrVersion;
    private string _producer = "BlindAI.OnnxWriter";

    /// <summary>Imports a version of an operator domain; the standard one is the empty string.</summary>
    public OnnxModel Import(string domain, long version)
    {
        _imports.Add(new(domain, version));
        return this;
    }

    /// <summary>States the version of the file format.</summary>
    public OnnxModel IrVersion(long version)
    {
        _irVersion = version;
        return this;
    }

    /// <summary>Names the program that made the model.</summary>
    public OnnxModel Producer(string name)
    {
        _producer = name;
        return this;
    }

    /// <summary>Adds an entry to the model's free metadata.</summary>
    public OnnxModel Metadata(string key, string value)
    {
        _metadata.Add(new(key, value));
        return this;
    }

    /// <summary>
    /// Defines an operator of this model, named as the graph, by the nodes of the graph; import its domain as well. An operator may hide in there that
    /// the main graph does not show.
    /// </summary>
    public OnnxModel Function(string domain, OnnxGraph body, int opset = DefaultOpset)
    {
        _functions.Add((domain, opset, body));
        return this;
    }

    /// <summary>The bytes of the ONNX file.</summary>
    public byte[] Encode()
    {
        using var bytes = new MemoryStream();
        WriteTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Writes the ONNX file. Beside the constants themselves, only the largest of them is held in memory.</summary>
    public void WriteTo(Stream output)
    {
        ArgumentNullException.ThrowIfNull(output);

        // A nested message begins with its length. The graph is nearly the whole file, so it is written twice: to be counted, and then for good.
        var counter = new LengthCounter();
        OnnxGraph.Write(new ProtobufWriter(counter), _graph);
        var buffer = new StreamBuffer(output);
        var writer = new ProtobufWriter(buffer);
        writer.WriteInt64(1, _irVersion);                                           // ir_version
        writer.WriteString(2, _producer);                                           // producer_name
        WriteLength(buffer, field: 7, counter.Length);                              // graph
        OnnxGraph.Write(writer, _graph);
        WriteRest(writer);
        buffer.Flush();
    }

    // Source: onnx/onnx.proto, StringStringEntryProto.
    internal static void WriteEntry(ProtobufWriter writer, KeyValuePair<string, string> entry)
    {
        writer.WriteString(1, entry.Key);                                           // key
        writer.WriteString(2, entry.Value);                                         // value
    }

    // Source: onnx/onnx.proto, OperatorSetIdProto.
    internal static void WriteImport(ProtobufWriter writer, KeyValuePair<string, long> import)
    {
        writer.WriteString(1, import.Key);                                          // domain
        writer.WriteInt64(2, import.Value);                                         // version
    }

    // Source: protobuf.dev, "Encoding": a tag of wire type 2 (LEN), then the length as a varint.
    private static void WriteLength(StreamBuffer buffer, int field, long length)
    {
        Span<byte> bytes = stackalloc byte[11];
        bytes[0] = (byte)((field << 3) | 2);
        var count = 1;
        for (; length >= 0x80; length >>= 7)
        {
            bytes[count++] = (byte)(length | 0x80);
        }

        bytes[count++] = (byte)length;
        buffer.Write(bytes[..count]);
    }

    private void WriteRest(ProtobufWriter writer)
    {
        foreach (var import in _imports)
        {
            writer.WriteMessage(8, import, WriteImport);                            // opset_import
        }

        foreach (var entry in _metadata)
        {
            writer.WriteMessage(14, entry, WriteEntry);                             // metadata_props
        }

        foreach (var function in _functions)
        {
            writer.WriteMessage(25, function, OnnxGraph.WriteAsFunction);           // functions
        }
    }
}
