using System.Globalization;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Commands;

/// <summary>The lines about a derived form of a model.</summary>
internal static class DerivedText
{
    public static void Write(TextWriter output, DerivedModel? derived)
    {
        if (derived is null)
        {
            return;
        }

        output.WriteLine(Printable.Clean($"  runs as   {derived.Transformation} (sha256 {derived.Sha256}, {derived.Matrices} matrices)"));
        output.WriteLine(derived.Accuracy is { } note
            ? string.Create(CultureInfo.InvariantCulture, $"  accuracy  on {note.Runs} made-up inputs: largest difference {note.MaxAbsoluteDifference:0.###e+0}, relative RMS {note.RelativeRms:0.###e+0}")
            : "  accuracy  not measured: no made-up input runs, or no output holds floating-point numbers");
    }
}
