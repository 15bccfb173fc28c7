using System.Text.Json;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

public sealed class ClaimsTests
{
    public static TheoryData<string> Cases => [.. Directory.EnumerateDirectories(RepositoryRoot.Combine("vectors", "claims")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parse_Vector_GivesTheStatedOutcome(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(RepositoryRoot.Combine("vectors", "claims", name, "case.json")));
        var encoded = Convert.FromHexString(document.RootElement.GetProperty("claims").GetString()!);
        var expect = document.RootElement.GetProperty("expect");
        if (expect.TryGetProperty("code", out var code))
        {
            Rejections.AssertCode((RejectionCode)code.GetInt32(), () => Claims.Parse(encoded));
            return;
        }

        var claims = Claims.Parse(encoded);
        Assert.Equal(expect.GetProperty("report_data").GetString(), Convert.ToHexStringLower(ReportData.ForClaims(encoded).Bytes));
        Assert.Equal(expect.GetProperty("service").GetString(), claims.Service);
        if (expect.GetProperty("round_trips").GetBoolean())
        {
            Assert.Equal(encoded, claims.Encode());
        }
    }

    [Fact]
    public void Parse_TruncatedAtAnyByte_IsRefused()
    {
        using var enclave = new ForgedEnclave();
        var encoded = enclave.Claims.Encode();
        for (var length = 0; length < encoded.Length; length++)
        {
            Assert.Throws<AttestationException>(() => Claims.Parse(encoded.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Parse_AnyBitFlipped_GivesClaimsOrARefusal()
    {
        using var enclave = new ForgedEnclave();
        var encoded = enclave.Claims.Encode();
        for (var bit = 0; bit < encoded.Length * 8; bit++)
        {
            var altered = encoded.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                // Whatever parses must have had the one encoding of what it says.
                Assert.Equal(altered, Claims.Parse(altered).Encode());
            }
            catch (AttestationException)
            {
            }
        }
    }

    [Fact]
    public void Encode_EveryClaim_RoundTrips()
    {
        using var enclave = new ForgedEnclave();
        var digest = Sha256Digest.Of("x"u8);
        var claims = enclave.Claims with
        {
            Binder = new(ChannelBinderType.Exporter, digest),
            SealedRequestKeys = digest,
            Gpu = digest,
            Store = new(new byte[16], 7, digest),
            ConnectionKey = digest,
        };

        Assert.Equal(claims.Encode(), Claims.Parse(claims.Encode()).Encode());
    }

    [Fact]
    public void Parse_StoreOfFourParts_IsRefused()
    {
        using var enclave = new ForgedEnclave();
        var encoded = (enclave.Claims with { Store = new(new byte[16], 7, Sha256Digest.Of("x"u8)) }).Encode();
        var at = encoded.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x0E, 0x83, 0x50]);
        byte[] altered = [.. encoded[..(at + 1)], 0x84, .. encoded[(at + 2)..], 0x00];

        Rejections.AssertCode(RejectionCode.ValueInvalid, () => Claims.Parse(altered));
    }

    [Fact]
    public void Compute_Binder_GivesTheGoldenBytes()
    {
        var value = Enumerable.Range(0, 48).Select(number => (byte)number).ToArray();

        Assert.Equal("762353b8c4e6c255ea0c8a7f7f4caf30cb989b8ddac2eb04f9f84d5ee6527a0f", ChannelBinder.Compute(ChannelBinderType.Finished, value).Digest.ToString());
    }
}
