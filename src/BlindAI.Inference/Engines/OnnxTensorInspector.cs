using System.Globalization;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Engines;

/// <summary>Holds a model's constants to their shapes, and their external data to the bundle.</summary>
/// <remarks>
/// Source: onnx/onnx.proto, TensorProto. ONNX Runtime reads some locations as more than file names (one of them as an address in memory), so only
/// a valid path of a file that was uploaded passes; and it takes external data from memory for constants of the main graph alone.
/// </remarks>
internal sealed class OnnxTensorInspector(ModelBundle bundle, string modelFolder)
{
    private readonly Dictionary<string, BundleFile> _externalFiles = new(StringComparer.Ordinal);

    /// <summary>Files that constants live in, under the names by which the model refers to them.</summary>
    public IReadOnlyDictionary<string, BundleFile> ExternalFiles => _externalFiles;

    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelInvalid"/>, <see cref="ServingCode.ModelUnsupported"/>, <see cref="ServingCode.ExternalDataRefused"/>.
    /// </exception>
    public void Inspect(ProtobufReader tensor, bool mayBeExternal)
    {
        var dimensions = new List<long>();
        var type = 0;
        var typedBytes = 0L;
        var strings = 0L;
        long? rawBytes = null;
        var external = new Dictionary<string, string>(StringComparer.Ordinal);
        var isExternal = false;
        var seen = new SingularFields();
        while (tensor.TryReadField())
        {
            switch (tensor.FieldNumber)
            {
                case 1:                                                                     // dims
                    foreach (var dimension in tensor.ReadVarints())
                    {
                        dimensions.Add(dimensions.Count < TensorShape.MaxRank ? (long)dimension : throw Invalid("has too many dimensions"));
                    }

                    break;
                case 2:                                                                     // data_type
                    seen.Once(2);
                    type = tensor.ReadInt32();
                    break;
                case 3:                                                                     // segment
                    throw new ServingException(ServingCode.ModelUnsupported, "A constant of the model is split into segments.");
                case 4:                                                                     // float_data
                    typedBytes += tensor.ReadFixed32s().Length;
                    break;
                case 5 or 7 or 11:                                                          // int32_data, int64_data, uint64_data
                    foreach (var _ in tensor.ReadVarints())
                    {
                        typedBytes += sizeof(long);
                    }

                    break;
                case 6:                                                                     // string_data
                    _ = tensor.ReadBytes();
                    strings++;
                    break;
                case 9:                                                                     // raw_data
                    seen.Once(9);
                    rawBytes = tensor.ReadBytes().Length;
                    break;
                case 10:                                                                    // double_data
                    typedBytes += tensor.ReadFixed64s().Length;
                    break;
                case 13:                                                                    // external_data
                    isExternal = true;
                    ReadEntry(tensor.ReadMessage(), external);
                    break;
                case 14:                                                                    // data_location: EXTERNAL is 1
                    seen.Once(14);
                    isExternal |= tensor.ReadVarint() != 0;
                    break;
            }
        }

        var elements = CountElements(dimensions);
        if (type == OnnxTypes.String)
        {
            Require(strings == elements && rawBytes is null && !isExternal);
            return;
        }

        var bits = OnnxTypes.Bits(type)
            ?? throw new ServingException(ServingCode.ModelUnsupported, $"A constant of the model has the element type {type}, which is not known here.");
        var bytes = elements <= (long.MaxValue - 7) / bits ? ((elements * bits) + 7) / 8 : throw Invalid("has a size that overflows");
        if (isExternal)
        {
            if (!mayBeExternal)
            {
                throw new ServingException(ServingCode.ExternalDataRefused, "A constant inside a node, function or sub-graph has external data.",
                    "keep external data to initializers of the main graph.");
            }

            Require(rawBytes is null && typedBytes == 0);
            InspectExternal(external, bytes);
        }
        else
        {
            // Typed fields hold at least as many bytes as raw data would; ONNX Runtime compares them exactly.
            Require(rawBytes is { } raw ? raw == bytes : typedBytes >= bytes);
        }
    }

    private static long CountElements(List<long> dimensions)
    {
        try
        {
            return new TensorShape([.. dimensions]).ElementCount;
        }
        catch (ServingException)
        {
            throw Invalid("has a negative or overflowing shape");
        }
    }

    private static void ReadEntry(ProtobufReader entry, Dictionary<string, string> entries)
    {
        var (key, value) = ("", "");
        var seen = new SingularFields();
        while (entry.TryReadField())
        {
            if (entry.FieldNumber is 1 or 2)                                                // key, value
            {
                seen.Once(entry.FieldNumber);
                (key, value) = entry.FieldNumber == 1 ? (entry.ReadString(), value) : (key, entry.ReadString());
            }
        }

        if (key is not ("location" or "offset" or "length" or "checksum") || !entries.TryAdd(key, value))
        {
            throw Refused("is described by an entry that is unknown or doubled");
        }
    }

    private void InspectExternal(Dictionary<string, string> entries, long bytes)
    {
        var location = entries.GetValueOrDefault("location");
        if (location is null || !BundlePath.TryParse(location, out _) || !BundlePath.TryParse(modelFolder + location, out var path))
        {
            throw Refused("is not at a valid path of a bundle");
        }

        var file = bundle.Find(path) ?? throw Refused("is in a file that the bundle does not have");
        var offset = ReadNumber(entries, "offset") ?? 0;
        var length = ReadNumber(entries, "length") ?? bytes;
        if (offset > file.Entry.Size || length > file.Entry.Size - offset)
        {
            throw Refused("runs past the end of its file");
        }

        Require(length == bytes);
        _externalFiles[location] = file;
    }

    private static long? ReadNumber(Dictionary<string, string> entries, string key) =>
        !entries.TryGetValue(key, out var text) ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw Refused($"has a {key} that is no number");

    private static void Require(bool isFilledExactly)
    {
        if (!isFilledExactly)
        {
            throw Invalid("does not fill its shape");
        }
    }

    private static ServingException Invalid(string what) => new(ServingCode.ModelInvalid, $"A constant of the model {what}.");

    private static ServingException Refused(string what) => new(ServingCode.ExternalDataRefused, $"External data of the model {what}.",
        "upload a folder or archive that holds the model and its data files side by side.");
}
