using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Catalogue, queue and ONNX Runtime together, as a server uses them.</summary>
public sealed class ServingPathTests
{
    private static readonly ModelName Name = ModelName.Parse("m");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_ModelDeletedMeanwhile_AnswersOrIsNotFound()
    {
        using var catalogue = new ModelCatalogue(new OnnxRuntimeEngine(new()), new(), TimeProvider.System);
        await using var queue = new InferenceScheduler(new(), TimeProvider.System);
        for (var round = 0; round < 10; round++)
        {
            await UploadAsync(catalogue, Bundles.Identity());
            var answered = 0;
            var callers = Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
            {
                for (var request = 0; request < 200; request++)
                {
                    try
                    {
                        using var lease = await catalogue.AcquireAsync(NamespaceName.Default, Name, cancellationToken: Token);
                        using var outputs = await queue.RunAsync(lease, new([new("x", Tensor.From([(float)caller]))]), Token);
                        Assert.Equal([(float)caller], outputs.Tensors[0].Tensor.ToArray<float>());
                        _ = Interlocked.Increment(ref answered);
                    }
                    catch (ServingException refusal) when (refusal.Code == ServingCode.ModelNotFound)
                    {
                        return;
                    }
                }
            })).ToArray();
            catalogue.Delete(NamespaceName.Default, Name);
            await Task.WhenAll(callers);
            Assert.Equal(0, catalogue.TotalBytes);
        }
    }

    [Fact]
    public async Task RunAsync_CancelledDeepInALoop_FreesTheWorker()
    {
        using var catalogue = new ModelCatalogue(new OnnxRuntimeEngine(new()), new(), TimeProvider.System);
        await using var queue = new InferenceScheduler(new() { Workers = 1 }, TimeProvider.System);
        await UploadAsync(catalogue, SmallModels.LongLoop());
        using var lease = await catalogue.AcquireAsync(NamespaceName.Default, Name, cancellationToken: Token);
        for (var round = 0; round < 3; round++)
        {
            using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => queue.RunAsync(lease, new([new("x", Tensor.From([1f]))]), cancellation.Token).AsTask());
        }

        Assert.Equal(0, queue.Running);
    }

    private static async Task UploadAsync(ModelCatalogue catalogue, byte[] model)
    {
        using var upload = catalogue.BeginUpload(NamespaceName.Default, Name);
        var bundle = await upload.ReceiveAsync(new MemoryStream(model), BundleFormat.Onnx, model.Length, Token);
        _ = await upload.CommitAsync(bundle, new(), Token);
    }
}
