using System.Text;
using System.Text.Json;
using BlindAI.Protocol.Configuration;
using BlindAI.Testing;

namespace BlindAI.Protocol.Tests.Configuration;

public sealed class ConfigurationTests
{
    [Fact]
    public void Indexer_FileThenEnvironmentThenCommandLine_LaterWinsWithoutCase()
    {
        var entries = FromJson("""{"Limits":{"MaxTensors":1,"MaxHeaderBytes":2048},"Service":{"Name":"file"}}""");
        entries.AddEnvironment([("BLINDAI_limits__maxtensors", "2"), ("BLINDAI_Service__Name", "environment")]);
        entries.AddCommandLine("SERVICE:NAME=a=b");

        Assert.Equal(("2", "2048", "a=b"), (entries["Limits:MaxTensors"], entries["Limits:MaxHeaderBytes"], entries["Service:Name"]));
        Assert.Contains(entries.Keys, key => key.Source == "the command line");
        Assert.Null(entries["Limits"]);
    }

    [Theory]
    [InlineData("BLINDAI_URL")]
    [InlineData("BLINDAI_SHARED")]
    [InlineData("BLINDAI_DISABLE_TELEMETRY")]
    [InlineData("blindai_Service__Name")]
    [InlineData("OTHER_Service__Name")]
    [InlineData("Service__Name")]
    public void AddEnvironment_NameThatIsNotOurs_IsIgnored(string name)
    {
        var entries = new ConfigurationEntries();
        entries.AddEnvironment([(name, "x")]);

        Assert.Empty(entries.Keys);
    }

    [Fact]
    public void AddJson_CommentsAndTrailingCommas_AreAllowed()
    {
        var entries = FromJson("// top\n{ /* in */ \"Limits\": { \"MaxTensors\": 3, }, \"A\": { \"B\": true }, } // end");

        Assert.Equal(("3", "True"), (entries["Limits:MaxTensors"], entries["A:B"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{\"A\":null}")]
    [InlineData("{\"A\":[1]}")]
    [InlineData("{\"A\":1,\"A\":1}")]
    [InlineData("{\"A\":1,\"a\":1}")]
    [InlineData("{\"A\":{\"B\":1},\"A:B\":1}")]
    [InlineData("{\"A\":NaN}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"A\":\"\\ud800\"}")]
    [InlineData("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}")]
    public void AddJson_FileThatIsNone_IsRefused(string json) => Assert.Throws<ConfigurationException>(() => FromJson(json));

    [Theory]
    [InlineData("")]
    [InlineData("Listen:Url")]
    [InlineData("print-confg")]
    public void AddCommandLine_WithoutValue_IsRefused(string argument) => Assert.Throws<ConfigurationException>(() => new ConfigurationEntries().AddCommandLine(argument));

    [Theory]
    [InlineData("Limits:MaxTensor=5", "MaxTensor")]
    [InlineData("=5", "no setting")]
    [InlineData("Limits=5", "no setting")]
    [InlineData("Service:Name=", "1 to 253")]
    [InlineData("Logging:Level=1", "Trace, Debug")]
    [InlineData("Logging:Level=Info", "Trace, Debug")]
    [InlineData("Logging:Level=Trace,Debug", "Trace, Debug")]
    [InlineData("Collateral:CacheFolder=cache", "absolute path")]
    [InlineData("Collateral:PccsUrl=http://pccs:8081", "https://")]
    [InlineData("Inference:Threads=0", "1 to 256")]
    [InlineData("Inference:Threads=257", "1 to 256")]
    [InlineData("Inference:Threads=+1", "1 to 256")]
    [InlineData("Inference:Threads= 1", "1 to 256")]
    [InlineData("Inference:Threads=1.0", "1 to 256")]
    [InlineData("Inference:Threads=0x1", "1 to 256")]
    [InlineData("Inference:Threads=99999999999999999999", "1 to 256")]
    [InlineData("Limits:MaxRequestBytes=1023", "1024 to")]
    [InlineData("Limits:MaxRequestBytes=2147483648", "1024 to")]
    [InlineData("Limits:MaxHeaderBytes=67108865", "1024 to")]
    [InlineData("Limits:MaxTensors=4097", "1 to 4096")]
    [InlineData("Limits:MaxByteStrings=0", "1 to")]
    [InlineData("Limits:MaxInFlightBytes=1048575", "1048576 to")]
    [InlineData("Limits:MaxModelBytes=0", "1024 to")]
    [InlineData("Limits:MaxTotalModelBytes=1099511627777", "1024 to")]
    [InlineData("Limits:MaxQueuedRequests=0", "1 to 100000")]
    [InlineData("Limits:MaxQueueMilliseconds=600001", "1 to 600000")]
    [InlineData("Limits:AttestationsPerSecond=0", "1 to 100000")]
    [InlineData("Listen:Url=http://127.0.0.1:1", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=https://127.0.0.1:1/path", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=https://127.0.0.1:1/?q", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=https://127.0.0.1:1/#f", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=https://user@127.0.0.1:1", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=127.0.0.1:1", "https://ADDRESS:PORT")]
    [InlineData("Listen:Url=https://127.0.0.1:99999", "https://ADDRESS:PORT")]
    [InlineData("Listen:OperationsUrl=https://127.0.0.1:1", "http://ADDRESS:PORT")]
    public void Read_SettingThatIsNone_IsRefusedWithWhatIsAllowed(string setting, string says)
    {
        var fault = Assert.Throws<ConfigurationException>(() => Read(setting));

        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Values_AreTaken()
    {
        var settings = Read("listen:url=https://[::1]:0", "Service:Name=risk.example.org", "Logging:Level=debug", "Limits:MaxQueueMilliseconds=1", "Limits:MaxRequestBytes=1024");

        Assert.Equal(("https://[::1]:0/", "risk.example.org"), (settings.ListenUrl.AbsoluteUri, settings.ServiceName));
        Assert.Equal((ServerLogLevel.Debug, TimeSpan.FromMilliseconds(1), 1024), (settings.Trust.LogLevel, settings.Trust.MaxQueueTime, settings.Trust.Protocol.MaxRequestBytes));
    }

    [Fact]
    public void Digest_OfTheDefaults_IsTheVectors()
    {
        using var vector = JsonDocument.Parse(
            File.ReadAllBytes(RepositoryRoot.Combine("vectors", "trust-configuration", "default", "case.json")), new() { CommentHandling = JsonCommentHandling.Skip });
        var trust = Read().Trust;

        Assert.Equal(vector.RootElement.GetProperty("document").GetString(), trust.Document);
        Assert.Equal(vector.RootElement.GetProperty("sha256").GetString(), trust.Digest.ToString());
    }

    [Theory]
    [InlineData("Listen:Url=https://127.0.0.1:0", true)]
    [InlineData("Inference:Threads=1", true)]
    [InlineData("Service:Name=x", true)]
    [InlineData("Limits:MaxTensors=256", true)]
    [InlineData("Limits:MaxTensors=255", false)]
    [InlineData("Limits:MaxByteStrings=1", false)]
    [InlineData("Limits:MaxHeaderBytes=1024", false)]
    [InlineData("Limits:MaxRequestBytes=1024", false)]
    [InlineData("Limits:MaxInFlightBytes=2147483648", false)]
    [InlineData("Limits:MaxModelBytes=1024", false)]
    [InlineData("Limits:MaxTotalModelBytes=1024", false)]
    [InlineData("Limits:MaxLoadedModelsPerNamespace=1", false)]
    [InlineData("Limits:MaxModelsPerNamespace=1", false)]
    [InlineData("Limits:MaxBytesPerNamespace=1024", false)]
    [InlineData("Limits:MaxQueuedRequests=1", false)]
    [InlineData("Limits:MaxQueueMilliseconds=1", false)]
    [InlineData("Limits:AttestationsPerSecond=1", false)]
    [InlineData("Logging:Level=Trace", false)]
    [InlineData("Telemetry:OtlpEndpoint=http://127.0.0.1:4318", false)]
    [InlineData("Telemetry:ModelNames=true", false)]
    [InlineData("Telemetry:TritonMetrics=false", true)]
    [InlineData("Telemetry:TritonMetrics=true", false)]
    public void Digest_OneSetting_ChangesOnlyWithWhatIsTrusted(string setting, bool isSame) => Assert.Equal(isSame, Read(setting).Trust.Digest.Equals(Read().Trust.Digest));

    [Fact]
    public void Digest_TwoCollectors_IsTheSame() =>
        Assert.Equal(Read("Telemetry:OtlpEndpoint=http://127.0.0.1:4318").Trust.Digest, Read("Telemetry:OtlpEndpoint=https://collector.example.org").Trust.Digest);

    private static ConfigurationEntries FromJson(string json)
    {
        var entries = new ConfigurationEntries();
        entries.AddJson(Encoding.UTF8.GetBytes(json), "test.json");
        return entries;
    }

    private static ServerSettings Read(params string[] settings)
    {
        var entries = new ConfigurationEntries();
        Array.ForEach(settings, entries.AddCommandLine);
        return ServerSettings.Read(entries);
    }
}
