using System.Globalization;
using TrainCreditForest;

if (Arguments.Parse(args) is not { } arguments)
{
    Console.Error.WriteLine(Arguments.Usage);
    return 2;
}

var split = DataSplit.Draw(GermanCredit.Read(Path.Combine(arguments.Data, "german.data")));
var encoding = CreditEncoding.Fit(split.Training);
var training = LabelledRows.From(split.Training, encoding);
var validation = LabelledRows.From(split.Validation, encoding);
var test = LabelledRows.From(split.Test, encoding);

var trees = ForestTrainer.Grow(training);
var model = CreditModel.Train(trees, training, validation);
Print($"rows: {training.Labels.Length} training, {validation.Labels.Length} validation, {test.Labels.Length} test; {encoding.FeatureCount} features");
Print($"forest: {trees.Count} trees of at most {trees.Max(tree => tree.LeafCount)} leaves");
Print($"chosen: gamma1 {model.Gamma1}, {model.Epochs} epochs; calibration slope {model.Calibration.Slope:F4}, offset {model.Calibration.Offset:F4}");

var onnx = CreditModelWriter.Write(model, encoding.FeatureCount);
foreach (var rows in (LabelledRows[])[training, validation, test])
{
    var difference = CreditModelWriter.LargestDifference(onnx, model, rows);
    Print($"largest difference between ONNX Runtime and the training code: {difference:E1}");
    if (difference > 1e-5)
    {
        Console.Error.WriteLine("The ONNX model does not compute what was trained; nothing was written.");
        return 1;
    }
}

Report("validation", validation);
Report("test", test);
var applicants = QuickstartFiles.Choose(split.Test);
foreach (var (applicant, probability) in applicants.Zip(model.Predict(LabelledRows.From(applicants, encoding))))
{
    Print($"applicant of row {applicant.Row}: {probability:P1} bad; was {(applicant.IsBad ? "bad" : "good")}");
}

Directory.CreateDirectory(arguments.Output);
File.WriteAllBytes(Path.Combine(arguments.Output, "credit-forest.onnx"), onnx);
File.WriteAllText(Path.Combine(arguments.Output, "encoding.json"), QuickstartFiles.Encoding(encoding));
File.WriteAllText(Path.Combine(arguments.Output, "applicants.json"), QuickstartFiles.Applicants(applicants));
Print($"written to {arguments.Output}: a model of {onnx.Length} bytes and two JSON files");
return 0;

void Report(string name, LabelledRows rows)
{
    Measure(name, "always good", new float[rows.Labels.Length], rows);
    Measure(name, "random forest", [.. rows.Features.Select(row => trees.Average(tree => tree.Predict(row)))], rows);
    Measure(name, "neural forest", model.Predict(rows), rows);
}

static void Measure(string name, string method, float[] scores, LabelledRows rows) =>
    Print($"{name,-10}  {method,-13}  accuracy {Metrics.Accuracy(scores, rows.Labels):F3}  AUC {Metrics.AreaUnderCurve(scores, rows.Labels):F3}  Brier {Metrics.MeanSquaredError(scores, rows.Labels):F3}");

static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
