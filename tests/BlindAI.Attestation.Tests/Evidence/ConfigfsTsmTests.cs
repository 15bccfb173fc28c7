using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Tests.Evidence;

public sealed class ConfigfsTsmTests : IDisposable
{
    private const string Sev = SnpConfigfsAttester.Provider;

    private const int Faulty = 22;

    private static readonly ReportData Claims = ReportData.ForClaims("claims"u8);

    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-configfs-tests-").FullName;

    private readonly FakeConfigfs _kernel = new(Sev);

    private readonly ImpatientTime _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReportAsync_QuietKernel_FollowsTheProtocolOnce()
    {
        _kernel.Auxiliary = [1, 2, 3];

        var report = await ReportAsync();

        Assert.Equal([.. "report of "u8, .. Claims.Bytes], report.Evidence);
        Assert.Equal([1, 2, 3], report.Auxiliary);
        Assert.Equal(["make", "read generation", "write inblob", "read provider", "read outblob", "read auxblob", "read generation", "remove"], _kernel.Operations);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task ReportAsync_NoAuxblob_IsEmpty()
    {
        _kernel.Auxiliary = null;

        Assert.Empty((await ReportAsync()).Auxiliary);
    }

    [Fact]
    public async Task ReportAsync_TwoRequests_HaveEntriesOfTheirOwn()
    {
        await ReportAsync();
        await ReportAsync();

        Assert.Equal(2, _kernel.Made.Distinct().Count());
    }

    [Theory]
    [InlineData("write inblob")]
    [InlineData("read outblob")]
    [InlineData("read auxblob")]
    public async Task ReportAsync_AnotherWriterInterferes_AsksAgain(string when)
    {
        var left = 2;
        _kernel.Before = operation =>
        {
            if (operation == when && left-- > 0)
            {
                _kernel.Interfere();
            }
        };

        var report = await ReportAsync();
        Assert.Equal([.. "report of "u8, .. Claims.Bytes], report.Evidence);
        Assert.Equal([TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(20)], _time.Waits);
        Assert.Equal(3, _kernel.Made.Count);
        Assert.Equal(0, _kernel.Entries);
    }

    [Theory]
    [InlineData(DeviceFault.Interrupted)]
    [InlineData(DeviceFault.InputOutput)]
    [InlineData(DeviceFault.TryAgain)]
    [InlineData(DeviceFault.Busy)]
    public async Task ReportAsync_PassingError_AsksAgain(int error)
    {
        var left = 1;
        _kernel.Before = operation =>
        {
            if (operation == "read outblob" && left-- > 0)
            {
                throw new IOException("passing", error);
            }
        };

        Assert.NotEmpty((await ReportAsync()).Evidence);
        Assert.Single(_time.Waits);
        Assert.Equal(0, _kernel.Entries);
    }

    [Fact]
    public async Task ReportAsync_AlwaysBusy_GivesUpAfterABoundedTime()
    {
        _kernel.Before = operation => ThrowAt("read outblob", operation, new IOException("busy", DeviceFault.Busy));

        await Unavailable.AssertAsync("busy 8 times", () => ReportAsync());
        Assert.Equal(TimeSpan.FromMilliseconds(1270), _time.Waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait));
        Assert.Equal(0, _kernel.Entries);
    }

    [Theory]
    [InlineData("make")]
    [InlineData("read generation")]
    [InlineData("write inblob")]
    [InlineData("read provider")]
    [InlineData("read outblob")]
    [InlineData("read auxblob")]
    public async Task ReportAsync_AnyOperationFails_LeavesNoEntryBehind(string where)
    {
        _kernel.Before = operation => ThrowAt(where, operation, new IOException("einval", Faulty));

        await Unavailable.AssertAsync("failed with error 22", () => ReportAsync());
        Assert.Equal(0, _kernel.Entries);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task ReportAsync_EntryCannotBeRemoved_IsAFailure()
    {
        _kernel.Before = operation => ThrowAt("remove", operation, new IOException("einval", Faulty));

        await Unavailable.AssertAsync("failed with error 22", () => ReportAsync());
    }

    public static TheoryData<string, string> Explanations => new()
    {
        { "too large", "newer kernel" },
        { "no provider", "sev-guest or tdx-guest" },
        { "denied", "right to read and write" },
    };

    [Theory]
    [MemberData(nameof(Explanations))]
    public async Task ReportAsync_KernelRefuses_SaysWhatToDo(string fault, string hint)
    {
        Exception exception = fault switch
        {
            "too large" => new IOException("efbig", DeviceFault.FileTooLarge),
            "no provider" => new IOException("enxio", DeviceFault.NoDevice),
            _ => new UnauthorizedAccessException(),
        };
        _kernel.Before = operation => ThrowAt("make", operation, exception);

        await Unavailable.AssertAsync(hint, () => ReportAsync());
    }

    [Fact]
    public async Task ReportAsync_EmptyReport_IsUnavailable()
    {
        _kernel.Sign = _ => [];

        await Unavailable.AssertAsync("empty outblob", () => ReportAsync());
    }

    [Fact]
    public async Task ReportAsync_AnotherProvider_IsUnavailable() =>
        await Unavailable.AssertAsync("another provider", async () => await new ConfigfsTsm(_kernel, _time).ReportAsync(Claims, TdxConfigfsAttester.Provider, Token));

    [Fact]
    public void ReadProvider_OfAnEntry_RemovesIt()
    {
        Assert.Equal(Sev, new ConfigfsTsm(_kernel, _time).ReadProvider());
        Assert.Equal(["make", "read provider", "remove"], _kernel.Operations);
    }

    [Fact]
    public void ReadProvider_NoConfigfs_SaysToMountIt() =>
        Unavailable.AssertNow("mount configfs", () => new ConfigfsTsm(Path.Combine(_folder, "absent")).ReadProvider());

    [Fact]
    public void ReadProvider_PlainFolder_IsUnavailable()
    {
        // Nothing appears in an entry that no kernel fills.
        Unavailable.AssertNow("is not there", () => new ConfigfsTsm(_folder).ReadProvider());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_File_ReplacesItsBeginningWithOneCall()
    {
        var folder = new ConfigfsFolder(_folder);
        folder.MakeEntry("entry");
        var file = Path.Combine(_folder, "entry", "inblob");

        Assert.Throws<FileNotFoundException>(() => folder.Write("entry", "inblob", [1]));
        File.WriteAllBytes(file, new byte[4]);
        folder.Write("entry", "inblob", [1, 2, 3, 4]);

        Assert.Equal([1, 2, 3, 4], File.ReadAllBytes(file));
        Assert.Equal([1, 2, 3, 4], folder.Read("entry", "inblob", limit: 4));
        Unavailable.AssertNow("more than 3 bytes", () => folder.Read("entry", "inblob", limit: 3));
    }

    [Fact]
    public void Read_FileOfTheKernel_IsReadToItsEndWhateverLengthItStates()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The files of /proc are Linux's.");

        // Its length shows as 0.
        Assert.Equal(0, new FileInfo("/proc/version").Length);
        Assert.StartsWith("Linux version", DeviceFile.ReadText("/proc/version"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AttestAsync_SevGuest_CarriesReportAndTable()
    {
        var table = HostTable(pages: 2, certificate: [0x30, 0x82, 0x00]);
        _kernel.Auxiliary = table;

        var evidence = await new SnpConfigfsAttester(new(_kernel, _time)).AttestAsync(Claims, null, Token);

        Assert.Equal("snp-report", evidence.Type);
        Assert.Equal([.. "report of "u8, .. Claims.Bytes], evidence.Data.ToArray());
        Assert.Equal(table[..(48 + 3)], Assert.Single(evidence.Endorsements[EndorsementName.CertTable]).ToArray());
    }

    [Fact]
    public async Task AttestAsync_SevGuestWithoutCertificates_CarriesNoTable()
    {
        _kernel.Auxiliary = new byte[4096];

        Assert.Empty((await new SnpConfigfsAttester(new(_kernel, _time)).AttestAsync(Claims, null, Token)).Endorsements);
    }

    [Fact]
    public async Task AttestAsync_TableThatLies_StaysWhole()
    {
        var table = HostTable(pages: 1, certificate: [1]);
        table[20] = 0xFF;
        table[21] = 0xFF;
        _kernel.Auxiliary = table;

        var evidence = await new SnpConfigfsAttester(new(_kernel, _time)).AttestAsync(Claims, null, Token);
        Assert.Equal(4096, Assert.Single(evidence.Endorsements[EndorsementName.CertTable]).Length);
    }

    [Fact]
    public async Task AttestAsync_TdxGuest_CarriesTheQuoteAlone()
    {
        var kernel = new FakeConfigfs(TdxConfigfsAttester.Provider) { Auxiliary = null };

        var evidence = await new TdxConfigfsAttester(new(kernel, _time)).AttestAsync(Claims, Nonce.Create(), Token);

        Assert.Equal("tdx-quote", evidence.Type);
        Assert.Equal([.. "report of "u8, .. Claims.Bytes], evidence.Data.ToArray());
        Assert.Empty(evidence.Endorsements);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] HostTable(int pages, byte[] certificate)
    {
        var table = new byte[pages * 4096];
        Guid.NewGuid().ToByteArray().CopyTo(table, 0);
        table[16] = 48;
        table[20] = (byte)certificate.Length;
        certificate.CopyTo(table, 48);
        return table;
    }

    private static void ThrowAt(string where, string operation, Exception exception)
    {
        if (operation == where)
        {
            throw exception;
        }
    }

    private async Task<TsmReport> ReportAsync() => await new ConfigfsTsm(_kernel, _time).ReportAsync(Claims, Sev, Token);
}
