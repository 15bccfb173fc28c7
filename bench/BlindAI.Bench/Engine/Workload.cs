using System.Globalization;
using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;
using BlindAI.ReferenceModels;

namespace BlindAI.Bench.Engine;

/// <summary>A model as a file, one request to it, and how long one turn of measuring takes.</summary>
/// <remarks>The request is one item: batch 1. It is the same in every turn, so that every answer can be compared with the same right one.</remarks>
internal sealed class Workload
{
    private Workload(string name, string model, string file, double turnSeconds, IReadOnlyList<NamedTensor> inputs, string output, int outputLength)
    {
        Name = name;
        Model = model;
        File = file;
        TurnSeconds = turnSeconds;
        Inputs = inputs;
        Output = output;
        OutputLength = outputLength;
        FileBytes = new FileInfo(file).Length;
    }

    /// <summary>The name in tables.</summary>
    public string Name { get; }

    /// <summary>The name under which servers know the model.</summary>
    public string Model { get; }

    /// <summary>The ONNX file.</summary>
    public string File { get; }

    public long FileBytes { get; }

    /// <summary>Seconds of one turn in a full run.</summary>
    public double TurnSeconds { get; }

    public IReadOnlyList<NamedTensor> Inputs { get; }

    /// <summary>The name of the one output, FP32.</summary>
    public string Output { get; }

    /// <summary>Numbers in the answer.</summary>
    public int OutputLength { get; }

    public long InputBytes => Inputs.Sum(input => (long)input.Tensor.Data.Length);

    /// <summary>Writes the model into the folder and makes the request.</summary>
    public static Workload Make(string folder, Func<ReferenceModel> build, double turnSeconds, int sequence = 0)
    {
        var model = build();
        var path = Path.Combine(folder, $"{model.Name}.onnx");
        using (var stream = System.IO.File.Create(path))
        {
            model.Onnx.WriteTo(stream);
        }

        var name = sequence == 0 ? model.Name : string.Create(CultureInfo.InvariantCulture, $"{model.Name}-{sequence}");
        NamedTensor[] inputs = [.. model.Inputs.Select(input => new NamedTensor(input.Name, MakeTensor(input, sequence)))];
        var output = model.Outputs[0];
        return new(name, model.Name, path, turnSeconds, inputs, output.Name, (int)output.Shape(1, sequence).Aggregate(1L, (product, dimension) => product * dimension));
    }

    private static Tensor MakeTensor(TensorDescription input, int sequence)
    {
        var bytes = SampleTensors.Make(input, seed: 20, batch: 1, sequence);
        return new(input.Type == OnnxType.Float ? TensorDatatype.Fp32 : TensorDatatype.Int64, new TensorShape(input.Shape(1, sequence)), bytes);
    }
}
