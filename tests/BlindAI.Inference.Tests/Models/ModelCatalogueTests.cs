using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Inference.Tests.Models;

/// <summary>Names, versions, limits, leases and what is left after each way an upload can end.</summary>
public sealed class ModelCatalogueTests : IDisposable
{
    private static readonly NamespaceName Alice = NamespaceName.Parse("alice");
    private static readonly NamespaceName Bob = NamespaceName.Parse("bob");
    private static readonly ModelName Name = ModelName.Parse("credit");

    private readonly FakeEngine _engine = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ModelLimits _limits = new() { MaxModelBytes = 4096, MaxModelsPerNamespace = 3, MaxBytesPerNamespace = 8192, MaxLoadedModelsPerNamespace = 2 };
    private readonly Lazy<ModelCatalogue> _catalogue;

    public ModelCatalogueTests() => _catalogue = new(() => new(_engine, _limits, _time));

    private ModelCatalogue Catalogue => _catalogue.Value;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Catalogue.Dispose();
        Assert.Equal(0, _engine.Alive);
        Assert.Equal(0, Catalogue.TotalBytes);
    }

    [Fact]
    public async Task CommitAsync_Upload_IsDescribedAndRuns()
    {
        var description = await Upload(Name);

        Assert.Equal((1, "memory", ModelState.Ready, 100L), (description.Version, description.Durability, description.State, description.Size));
        Assert.Equal(description, Catalogue.Find(Alice, Name));
        Assert.Equal([description], Catalogue.List(Alice));
        using var lease = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        Assert.Equal(description, lease.Description);
        Assert.Equal(100, Catalogue.TotalBytes);
    }

    [Fact]
    public async Task BeginUpload_WithoutVersion_TakesTheNextThatNeverWas()
    {
        Assert.Equal(1, (await Upload(Name)).Version);
        Assert.Equal(7, (await Upload(Name, version: 7)).Version);
        Catalogue.Delete(Alice, Name, 7);
        Assert.Equal(8, (await Upload(Name)).Version);
        Catalogue.Delete(Alice, Name);
        Assert.Equal(9, (await Upload(Name)).Version);
    }

    [Fact]
    public async Task BeginUpload_NamespaceOverTheLimit_IsRefusedAndFailedUploadsTakeNoPlace()
    {
        _limits.MaxNamespaces = 1;
        Catalogue.BeginUpload(Bob, Name).Dispose();

        _ = await Upload(Name);

        AssertCode(ServingCode.LimitReached, () => Catalogue.BeginUpload(Bob, Name));

        // Nor does a namespace that holds nothing any more.
        Catalogue.Delete(Alice, Name);
        Catalogue.BeginUpload(Bob, Name).Dispose();
    }

    [Fact]
    public async Task BeginUpload_ExistingVersion_Conflicts()
    {
        _ = await Upload(Name);

        AssertCode(ServingCode.UploadConflict, () => Catalogue.BeginUpload(Alice, Name, 1));
    }

    [Fact]
    public void BeginUpload_TwoAtOnce_SecondConflictsUntilFirstEnds()
    {
        using (Catalogue.BeginUpload(Alice, Name))
        {
            AssertCode(ServingCode.UploadConflict, () => Catalogue.BeginUpload(Alice, Name, 5));
            Catalogue.BeginUpload(Alice, ModelName.Parse("other")).Dispose();
            Catalogue.BeginUpload(Bob, Name).Dispose();
        }

        Catalogue.BeginUpload(Alice, Name).Dispose();
    }

    [Fact]
    public async Task Dispose_UploadWithoutCommit_LeavesNothing()
    {
        using (var upload = Catalogue.BeginUpload(Alice, Name))
        {
            using var bundle = await upload.ReceiveAsync(new MemoryStream(new byte[1000]), BundleFormat.Onnx, cancellationToken: Token);
            Assert.Equal(1000, Catalogue.TotalBytes);
        }

        Assert.Equal(0, Catalogue.TotalBytes);
        Assert.Empty(Catalogue.List(Alice));
        Assert.Equal(1, (await Upload(Name)).Version);
    }

    [Fact]
    public async Task CommitAsync_LoadFails_LeavesNothing()
    {
        byte[]? bytes = null;
        _engine.OnLoad = (bundle, _) =>
        {
            bytes = bundle.Files.First().Bytes;
            throw new ServingException(ServingCode.ModelInvalid, "no");
        };
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(ServingCode.ModelInvalid, (await Assert.ThrowsAsync<ServingException>(() => Upload(Name))).Code);
        }

        Assert.All(bytes!, value => Assert.Equal(0, value));
        Assert.Equal(0, Catalogue.TotalBytes);
        Assert.Null(Catalogue.Find(Alice, Name));
        _engine.OnLoad = (_, _) => { };
        Assert.Equal(1, (await Upload(Name)).Version);
    }

    [Fact]
    public async Task CommitAsync_Cancelled_LeavesNothing()
    {
        using var cancellation = new CancellationTokenSource();
        _engine.OnLoad = (_, token) =>
        {
            cancellation.Cancel();
            token.ThrowIfCancellationRequested();
        };
        using var upload = Catalogue.BeginUpload(Alice, Name);
        var bundle = await upload.ReceiveAsync(Body(100), BundleFormat.Onnx, cancellationToken: Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upload.CommitAsync(bundle, new(), cancellation.Token));

        Assert.Null(Catalogue.Find(Alice, Name));
    }

    [Fact]
    public async Task ReceiveAsync_OverEachLimit_AnswersItsCode()
    {
        AssertCode(ServingCode.RequestTooLarge, await Record.ExceptionAsync(() => Upload(Name, size: 4097)));
        _ = await Upload(Name, size: 4096);
        _ = await Upload(Name, size: 4000);
        AssertCode(ServingCode.LimitReached, await Record.ExceptionAsync(() => Upload(Name, size: 97)));
        Assert.Equal(1, (await Upload(Name, owner: Bob, size: 4096)).Version);

        Catalogue.Delete(Alice, Name, 1);
        Assert.Equal(3, (await Upload(Name, size: 96)).Version);
    }

    [Fact]
    public async Task BeginUpload_OverTheCount_IsRefusedPerNamespace()
    {
        for (var round = 0; round < 2; round++)
        {
            _ = await Upload(Name);
        }

        using (Catalogue.BeginUpload(Alice, ModelName.Parse("third")))
        {
            AssertCode(ServingCode.LimitReached, () => Catalogue.BeginUpload(Alice, ModelName.Parse("fourth")));
            Catalogue.BeginUpload(Bob, Name).Dispose();
        }
    }

    [Fact]
    public async Task AcquireAsync_OtherNamespace_FindsNothing()
    {
        _ = await Upload(Name);

        AssertCode(ServingCode.ModelNotFound, await Record.ExceptionAsync(() => Catalogue.AcquireAsync(Bob, Name, cancellationToken: Token).AsTask()));
        Assert.Null(Catalogue.Find(Bob, Name));
        Assert.Empty(Catalogue.List(Bob));
        AssertCode(ServingCode.ModelNotFound, () => Catalogue.Delete(Bob, Name));
    }

    [Fact]
    public async Task AcquireAsync_WithoutVersion_TakesTheNewestLoaded()
    {
        _ = await Upload(Name);
        _ = await Upload(Name, options: new() { Load = false });

        using var newestLoaded = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        using var byNumber = await Catalogue.AcquireAsync(Alice, Name, 2, Token);
        using var newest = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);

        Assert.Equal((1, 2, 2), (newestLoaded.Description.Version, byNumber.Description.Version, newest.Description.Version));
    }

    [Fact]
    public async Task AcquireAsync_UnloadedModel_LoadsOnceForAll()
    {
        var description = await Upload(Name, options: new() { Load = false });
        Assert.Equal((ModelState.Unloaded, 0), (description.State, _engine.Alive));

        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token).AsTask()));

        Assert.Equal((2, 1), (_engine.Loads, _engine.Alive));
        Assert.Equal(ModelState.Ready, Catalogue.Find(Alice, Name)!.State);
        Assert.All(leases, lease => lease.Dispose());
    }

    [Fact]
    public async Task AcquireAsync_LoadFails_NextOneTriesAgain()
    {
        _ = await Upload(Name, options: new() { Load = false });
        _engine.OnLoad = (_, _) => throw new InvalidOperationException("no memory");
        await Assert.ThrowsAsync<InvalidOperationException>(() => Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token).AsTask());
        _engine.OnLoad = (_, _) => { };

        using var lease = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);

        Assert.Equal(1, _engine.Alive);
    }

    [Fact]
    public async Task AcquireAsync_OverLoadedLimit_UnloadsTheLeastRecentlyUsed()
    {
        _limits.KeepModelBytes = true;
        _ = await Upload(ModelName.Parse("a"));
        _ = await Upload(ModelName.Parse("b"));
        (await Catalogue.AcquireAsync(Alice, ModelName.Parse("a"), cancellationToken: Token)).Dispose();

        _ = await Upload(ModelName.Parse("c"));

        Assert.Equal([ModelState.Ready, ModelState.Unloaded, ModelState.Ready], Catalogue.List(Alice).Select(model => model.State));
        Assert.Equal(2, _engine.Alive);
        using var b = await Catalogue.AcquireAsync(Alice, ModelName.Parse("b"), cancellationToken: Token);
        Assert.Equal([ModelState.Unloaded, ModelState.Ready, ModelState.Ready], Catalogue.List(Alice).Select(model => model.State));
    }

    [Fact]
    public async Task Unload_BytesKept_UnloadsAndLoadLoadsAgain()
    {
        _limits.KeepModelBytes = true;
        _ = await Upload(Name);
        _ = await Upload(Name, version: 4);

        Catalogue.Unload(Alice, Name);

        Assert.Equal(0, _engine.Alive);
        Assert.Equal([ModelState.Unloaded, ModelState.Unloaded], Catalogue.List(Alice).Select(model => model.State));
        Catalogue.Unload(Alice, Name);                                             // there is nothing left to do
        await Catalogue.LoadAsync(Alice, Name, Token);
        await Catalogue.LoadAsync(Alice, Name, Token);
        Assert.Equal([ModelState.Unloaded, ModelState.Ready], Catalogue.List(Alice).Select(model => model.State));
        Assert.Equal(3, _engine.Loads);

        // The places of what was unloaded are free again.
        _ = await Upload(ModelName.Parse("other"));
    }

    [Fact]
    public async Task Unload_BytesDropped_IsRefusedAndNothingIsUnloaded()
    {
        _ = await Upload(Name);

        AssertCode(ServingCode.UnloadRefused, () => Catalogue.Unload(Alice, Name));

        Assert.Equal(ModelState.Ready, Catalogue.Find(Alice, Name)!.State);
    }

    [Fact]
    public async Task Unload_WhileLeased_WaitsForTheLastLeaseUnlessItIsAcquiredAgain()
    {
        _limits.KeepModelBytes = true;
        _ = await Upload(Name);
        var first = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        Catalogue.Unload(Alice, Name);
        Assert.Equal(1, _engine.Alive);

        // Whoever comes now wants it loaded.
        var second = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        first.Dispose();
        second.Dispose();
        Assert.Equal(1, _engine.Alive);

        var third = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        Catalogue.Unload(Alice, Name);
        _ = third.Model.Signature;
        third.Dispose();
        Assert.Equal(0, _engine.Alive);
        using var again = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        Assert.Equal(2, _engine.Loads);
    }

    [Fact]
    public async Task Unload_WhileLeasedThenDeleted_FreesOnce()
    {
        _limits.KeepModelBytes = true;
        _ = await Upload(Name);
        var lease = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        Catalogue.Unload(Alice, Name);
        Catalogue.Delete(Alice, Name);
        Assert.Equal(1, _engine.Alive);

        lease.Dispose();

        Assert.Equal(0, _engine.Alive);
        _ = await Upload(ModelName.Parse("a"));
        _ = await Upload(ModelName.Parse("b"));
    }

    [Fact]
    public async Task LoadOrUnload_OfAnotherNamespace_FindsNothing()
    {
        _ = await Upload(Name);

        AssertCode(ServingCode.ModelNotFound, () => Catalogue.Unload(Bob, Name));
        AssertCode(ServingCode.ModelNotFound, await Record.ExceptionAsync(() => Catalogue.LoadAsync(Bob, Name, Token)));
    }

    [Fact]
    public async Task CommitAsync_NothingToUnload_IsRefused()
    {
        _ = await Upload(ModelName.Parse("a"));
        _ = await Upload(ModelName.Parse("b"));

        AssertCode(ServingCode.LimitReached, await Record.ExceptionAsync(() => Upload(ModelName.Parse("c"))));

        Catalogue.Delete(Alice, ModelName.Parse("a"));
        _ = await Upload(ModelName.Parse("c"));
    }

    [Fact]
    public async Task Delete_WhileLeased_FreesWhenTheLastLeaseEnds()
    {
        _ = await Upload(Name);
        var first = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
        var second = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);

        Catalogue.Delete(Alice, Name);

        AssertCode(ServingCode.ModelNotFound, await Record.ExceptionAsync(() => Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token).AsTask()));
        first.Dispose();
        first.Dispose();
        Assert.Equal((1, 100L), (_engine.Alive, Catalogue.TotalBytes));
        _ = first.Model.Signature;
        second.Dispose();
        Assert.Equal((0, 0L), (_engine.Alive, Catalogue.TotalBytes));
    }

    [Fact]
    public async Task Delete_WhileItLoads_FreesAfterTheLoad()
    {
        _ = await Upload(Name, options: new() { Load = false });
        using var loading = new ManualResetEventSlim();
        using var mayLoad = new ManualResetEventSlim();
        _engine.OnLoad = (_, _) =>
        {
            loading.Set();
            mayLoad.Wait(TimeSpan.FromSeconds(30), Token);
        };
        var acquire = Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token).AsTask();
        Assert.True(loading.Wait(TimeSpan.FromSeconds(30), Token));

        Catalogue.Delete(Alice, Name);
        mayLoad.Set();

        (await acquire).Dispose();
        Assert.Equal(0, Catalogue.TotalBytes);
        _engine.OnLoad = (_, _) => { };
        _ = await Upload(ModelName.Parse("a"));
        _ = await Upload(ModelName.Parse("b"));
    }

    [Fact]
    public async Task TimeToLive_Passed_DeletesTheModel()
    {
        var description = await Upload(Name, options: new() { TimeToLive = TimeSpan.FromMinutes(10) });
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromMinutes(10), description.ExpiresAt);

        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.NotNull(Catalogue.Find(Alice, Name));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(Catalogue.Find(Alice, Name));
        Assert.Equal(0, _engine.Alive);
    }

    [Fact]
    public async Task CommitAsync_TimeToLiveOutOfRange_IsRefused()
    {
        AssertCode(ServingCode.ParameterUnsupported, await Record.ExceptionAsync(() => Upload(Name, options: new() { TimeToLive = TimeSpan.Zero })));
        AssertCode(ServingCode.ParameterUnsupported, await Record.ExceptionAsync(() => Upload(Name, options: new() { TimeToLive = TimeSpan.FromDays(46) })));
    }

    [Fact]
    public async Task Dispose_Catalogue_RefusesWhatFollows()
    {
        using var upload = Catalogue.BeginUpload(Alice, Name);
        var bundle = await upload.ReceiveAsync(Body(100), BundleFormat.Onnx, cancellationToken: Token);
        Catalogue.Dispose();

        AssertCode(ServingCode.ShuttingDown, await Record.ExceptionAsync(() => upload.CommitAsync(bundle, new(), Token)));
        AssertCode(ServingCode.ShuttingDown, () => Catalogue.BeginUpload(Alice, ModelName.Parse("a")));
    }

    [Fact]
    public async Task AcquireAndDelete_Raced_NeverRunsAFreedModel()
    {
        for (var round = 0; round < 50; round++)
        {
            _ = await Upload(Name);
            var runs = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                for (var run = 0; run < 50; run++)
                {
                    try
                    {
                        using var lease = await Catalogue.AcquireAsync(Alice, Name, cancellationToken: Token);
                        lease.Model.Run(new([]), Token).Dispose();
                    }
                    catch (ServingException refusal) when (refusal.Code == ServingCode.ModelNotFound)
                    {
                        return;
                    }
                }
            })).ToArray();
            Catalogue.Delete(Alice, Name);
            await Task.WhenAll(runs);
            Assert.Equal(0, _engine.Alive);
        }
    }

    private async Task<ModelDescription> Upload(ModelName name, int? version = null, NamespaceName? owner = null, int size = 100, UploadOptions? options = null)
    {
        using var upload = Catalogue.BeginUpload(owner ?? Alice, name, version);
        var bundle = await upload.ReceiveAsync(Body(size), BundleFormat.Onnx, size, Token);
        return await upload.CommitAsync(bundle, options ?? new(), Token);
    }

    private static MemoryStream Body(int size)
    {
        var bytes = new byte[size];
        Array.Fill(bytes, (byte)1);
        return new MemoryStream(bytes);
    }

    private static void AssertCode(ServingCode code, Action action) => AssertCode(code, Record.Exception(action));

    private static void AssertCode(ServingCode code, Exception? exception) => Assert.Equal(code, Assert.IsType<ServingException>(exception).Code);
}
