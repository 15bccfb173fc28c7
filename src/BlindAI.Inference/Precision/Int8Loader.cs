using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Precision;

/// <summary>Loads the int8 form of an uploaded model.</summary>
internal static class Int8Loader
{
    /// <summary>Derives the form and loads it. Blocks.</summary>
    /// <param name="engine">Loads the forms.</param>
    /// <param name="bundle">The model as it was uploaded.</param>
    /// <param name="asked">What the uploader decides.</param>
    /// <param name="measures">Whether the uploaded form is loaded first, to measure how far the derived one is from it: its memory is given back before.</param>
    /// <param name="cancellationToken">Ends the load.</param>
    /// <exception cref="ServingException">As <see cref="IInferenceEngine.Load"/>; <see cref="ServingCode.ModelUnsupported"/>: the model has no such form.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (ILoadedModel Model, DerivedForm Form) Load(IInferenceEngine engine, ModelBundle bundle, ModelOverrides asked, bool measures, CancellationToken cancellationToken)
    {
        var (form, file) = Int8Rewriter.Rewrite(bundle, OnnxInspector.Inspect(bundle));
        try
        {
            AccuracyProbe? probe = null;
            if (measures)
            {
                using var asUploaded = engine.Load(bundle, asked, cancellationToken);
                probe = AccuracyProbe.Run(asUploaded, cancellationToken);
            }

            // The other files are the upload's own, and not this bundle's to dispose of.
            var derived = new ModelBundle([file, .. bundle.Files.Where(other => other.Entry.Path != file.Entry.Path)]);
            var model = engine.Load(derived, asked, cancellationToken);
            try
            {
                return (model, form with { Accuracy = probe?.Compare(model, cancellationToken) });
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
        finally
        {
            file.Zero();
        }
    }
}
