using System.Buffers;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol.Gate;

namespace BlindAI.Protocol.Tests.Gate;

/// <summary>docs/wire-protocol.md, clause 9, byte by byte.</summary>
public sealed class GateRequestTests
{
    private const string NonceHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private const string ClaimsHex = "3866c449fd1d3683c696f5a2cfcaec42846648915ba0b452b8a160301705162b";

    /// <summary>Each kind of preface, and its bytes.</summary>
    public static TheoryData<string, bool, bool> Golden => new()
    {
        { "00424c4e444149010020" + NonceHex, false, false },
        { "00424c4e444149010120" + NonceHex, true, false },
        { "00424c4e444149010220" + NonceHex + ClaimsHex, false, true },
        { "00424c4e444149010320" + NonceHex + ClaimsHex, true, true },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Encode_Golden_IsTheseBytes(string bytes, bool wantsBinder, bool wantsProof) =>
        Assert.Equal(bytes, Convert.ToHexStringLower(Request(wantsBinder, wantsProof).Encode()));

    [Theory]
    [MemberData(nameof(Golden))]
    public void TryRead_Golden_IsTheRequestAndWhereHttpBegins(string bytes, bool wantsBinder, bool wantsProof)
    {
        var sequence = Split(Convert.FromHexString(bytes + "474554"), 3);

        var request = GateRequest.TryRead(sequence, out var end);

        Assert.NotNull(request);
        Assert.Equal((wantsBinder, wantsProof), (request.WantsBinder, request.VerifiedClaims is not null));
        Assert.Equal(bytes, Convert.ToHexStringLower(request.Encode()));
        Assert.Equal("GET"u8.ToArray(), sequence.Slice(end).ToArray());
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void TryRead_CutAnywhere_WaitsForMore(string bytes, bool wantsBinder, bool wantsProof)
    {
        var whole = Convert.FromHexString(bytes);
        Assert.Equal(wantsProof ? GateRequest.ProofLength : GateRequest.EvidenceLength, whole.Length);
        for (var length = GateRequest.Magic.Length; length < whole.Length; length++)
        {
            Assert.Null(GateRequest.TryRead(Split(whole[..length], 1), out _));
        }

        Assert.Equal(wantsBinder, GateRequest.TryRead(Split(whole, 1), out _)!.WantsBinder);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0x80)]
    [InlineData(0xFF)]
    public void TryRead_UnknownFlag_IsRefusedBeforeTheNonceHasCome(byte flags) => AssertRefused([.. GateRequest.Magic, flags, 32]);

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(64)]
    public void TryRead_NonceOfAnotherLength_IsRefused(byte length) => AssertRefused([.. GateRequest.Magic, 1, length, .. new byte[length]]);

    [Fact]
    public void IsBegunBy_Magic_IsTrueOnceItIsWhole()
    {
        var magic = GateRequest.Magic.ToArray();
        for (var length = 0; length < magic.Length; length++)
        {
            Assert.Null(GateRequest.IsBegunBy(Split(magic[..length], 1)));
        }

        Assert.True(GateRequest.IsBegunBy(Split(magic, 1)));
    }

    [Fact]
    public void IsBegunBy_AnyOtherByte_IsFalseAtOnce()
    {
        for (var at = 0; at < GateRequest.Magic.Length; at++)
        {
            var bytes = GateRequest.Magic[..(at + 1)].ToArray();
            bytes[at] ^= 0x20;
            Assert.False(GateRequest.IsBegunBy(Split(bytes, 2)));
        }

        Assert.False(GateRequest.IsBegunBy(new("GET / HTTP/1.1"u8.ToArray())));
        Assert.False(GateRequest.IsBegunBy(new("PRI * HTTP/2.0"u8.ToArray())));
    }

    private static GateRequest Request(bool wantsBinder, bool wantsProof) => new()
    {
        Nonce = Nonce.Parse(Convert.FromHexString(NonceHex)),
        WantsBinder = wantsBinder,
        VerifiedClaims = wantsProof ? new Sha256Digest(Convert.FromHexString(ClaimsHex)) : null,
    };

    private static void AssertRefused(byte[] bytes)
    {
        var refusal = Assert.Throws<ServingException>(() => GateRequest.TryRead(new(bytes), out _));
        Assert.Equal(ServingCode.RequestMalformed, refusal.Code);
    }

    private static ReadOnlySequence<byte> Split(byte[] bytes, int size)
    {
        Segment? first = null;
        Segment? last = null;
        for (var at = 0; at < bytes.Length; at += size)
        {
            last = new(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), last);
            first ??= last;
        }

        return first is null ? default : new(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
