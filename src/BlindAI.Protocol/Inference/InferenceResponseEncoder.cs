using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>An inference answer: its JSON, and which outputs follow it in binary.</summary>
/// <remarks>Source: Open Inference Protocol v2, "Inference Response JSON Object", and Triton's binary tensor data extension.</remarks>
public sealed class InferenceResponseEncoder
{
    private readonly InferenceRequestHeader _request;

    private readonly IReadOnlyList<NamedTensor> _outputs;

    private readonly bool[] _isBinary;

    /// <summary>Prepares an answer; nothing is written before it is known that everything can be.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.NumberNotFinite"/>, <see cref="ServingCode.DatatypeInvalid"/>: an output has no JSON form and was asked for in JSON.
    /// </exception>
    public InferenceResponseEncoder(InferenceRequestHeader request, string modelName, int modelVersion, IReadOnlyList<NamedTensor> outputs)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(outputs);
        _request = request;
        _outputs = outputs;
        ModelName = modelName;
        ModelVersion = modelVersion;
        _isBinary = new bool[outputs.Count];
        for (var index = 0; index < outputs.Count; index++)
        {
            _isBinary[index] = AskedBinary(request, outputs[index].Name) ?? request.BinaryOutputs;
            BinaryLength += _isBinary[index] ? outputs[index].Tensor.Data.Length : 0;
            if (!_isBinary[index])
            {
                CheckHasJsonForm(outputs[index]);
                MaxJsonData += MaxJsonLength(outputs[index].Tensor);
            }
        }
    }

    /// <summary>The model that answered.</summary>
    public string ModelName { get; }

    /// <summary>Its version.</summary>
    public int ModelVersion { get; }

    /// <summary>How many outputs there are.</summary>
    public int Count => _outputs.Count;

    /// <summary>Bytes of all binary sections; the header that states the JSON's length is sent when there are any.</summary>
    public long BinaryLength { get; }

    /// <summary>Most bytes that the tensors take in the JSON: up to six times what they are.</summary>
    public long MaxJsonData { get; }

    /// <summary>The binary section of an output; empty when its data is in the JSON. Sections follow the JSON in the outputs' order.</summary>
    public ReadOnlyMemory<byte> BinarySection(int index) => _isBinary[index] ? _outputs[index].Tensor.Data : default;

    /// <summary>Writes the JSON.</summary>
    public void WriteJson(IBufferWriter<byte> destination)
    {
        using var writer = new Utf8JsonWriter(destination, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("model_name"u8, ModelName);
        writer.WriteString("model_version"u8, ModelVersion.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (_request.Id is { } id)
        {
            writer.WriteString("id"u8, id);
        }

        writer.WriteStartArray("outputs"u8);
        for (var index = 0; index < _outputs.Count; index++)
        {
            var (name, tensor) = _outputs[index];
            writer.WriteStartObject();
            TensorJson.WriteDescription(writer, name, tensor);
            if (_isBinary[index])
            {
                TensorJson.WriteBinarySize(writer, tensor);
            }
            else
            {
                writer.WritePropertyName("data"u8);
                JsonTensorWriter.Write(writer, tensor);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool? AskedBinary(InferenceRequestHeader request, string name)
    {
        for (var index = 0; index < request.Outputs.Count; index++)
        {
            if (request.Outputs[index].Name == name)
            {
                return request.Outputs[index].Binary;
            }
        }

        return null;
    }

    // The longest of each kind, with its comma; an escape is six characters for one byte.
    private static long MaxJsonLength(Tensor tensor) => tensor.Datatype switch
    {
        TensorDatatype.Bytes => (6L * tensor.Data.Length) + (3 * tensor.Shape.ElementCount),
        TensorDatatype.UInt8 => 4 * tensor.Shape.ElementCount,
        TensorDatatype.Int8 => 5 * tensor.Shape.ElementCount,
        TensorDatatype.Bool or TensorDatatype.UInt16 => 6 * tensor.Shape.ElementCount,
        TensorDatatype.Int16 => 7 * tensor.Shape.ElementCount,
        TensorDatatype.UInt32 => 11 * tensor.Shape.ElementCount,
        TensorDatatype.Int32 => 12 * tensor.Shape.ElementCount,
        TensorDatatype.Fp32 => 16 * tensor.Shape.ElementCount,
        TensorDatatype.UInt64 or TensorDatatype.Int64 => 21 * tensor.Shape.ElementCount,
        _ => 25 * tensor.Shape.ElementCount,
    };

    private static void CheckHasJsonForm(NamedTensor output)
    {
        var (name, tensor) = output;
        switch (tensor.Datatype)
        {
            case TensorDatatype.Fp16 or TensorDatatype.Bf16:
                throw new ServingException(ServingCode.DatatypeInvalid, $"Output \"{name}\": {tensor.Datatype.WireName()} has no JSON form.", "ask for it with \"binary_data\": true.");
            case TensorDatatype.Fp32 when !AllFinite(tensor.AsSpan<float>()):
            case TensorDatatype.Fp64 when !AllFinite(tensor.AsSpan<double>()):
                throw new ServingException(ServingCode.NumberNotFinite, $"Output \"{name}\" holds NaN or an infinity, which JSON cannot carry.", "ask for it with \"binary_data\": true.");
            case TensorDatatype.Bytes:
                foreach (var element in tensor.ByteStrings())
                {
                    if (!Utf8.IsValid(element))
                    {
                        throw new ServingException(ServingCode.DatatypeInvalid, $"Output \"{name}\" holds bytes that are not text.", "ask for it with \"binary_data\": true.");
                    }
                }

                break;
        }
    }

    // x - x is 0 for finite numbers and NaN for the others; a sum of those stays 0 only when all are finite. Vectorised by blocks.
    private static bool AllFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPoint<T>
    {
        var sum = Vector<T>.Zero;
        var vectors = MemoryMarshal.Cast<T, Vector<T>>(values);
        foreach (var vector in vectors)
        {
            sum += vector - vector;
        }

        var rest = T.Zero;
        foreach (var value in values[(vectors.Length * Vector<T>.Count)..])
        {
            rest += value - value;
        }

        return Vector.EqualsAll(sum, Vector<T>.Zero) && rest == T.Zero;
    }
}
