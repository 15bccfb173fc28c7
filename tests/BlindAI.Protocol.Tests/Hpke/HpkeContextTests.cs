using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Tests.Hpke;

public sealed class HpkeContextTests
{
    // The golden values are in vectors/ohttp, hpke-aes128 and hpke-aes256.
    private static readonly HpkePrivateKey Key = HpkePrivateKey.Generate();

    [Theory]
    [InlineData(HpkeAead.Aes128Gcm)]
    [InlineData(HpkeAead.Aes256Gcm)]
    public void Open_AnyBitFlipped_IsRefused(HpkeAead aead)
    {
        using var sender = HpkeContext.CreateSender(Key.PublicKey, aead, "info"u8);
        var ciphertext = new byte[5 + HpkeSuite.TagLength];
        sender.Seal("aad"u8, "plain"u8, ciphertext);
        var opened = new byte[5];
        for (var bit = 0; bit < ciphertext.Length * 8; bit++)
        {
            using var recipient = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, aead, "info"u8);
            var altered = ciphertext.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<HpkeException>(() => recipient.Open("aad"u8, altered, opened));
        }
    }

    [Fact]
    public void Open_AnotherInfoAadKeyOrOrder_IsRefused()
    {
        using var other = HpkePrivateKey.Generate();
        using var sender = HpkeContext.CreateSender(Key.PublicKey, HpkeAead.Aes256Gcm, "info"u8);
        var first = new byte[1 + HpkeSuite.TagLength];
        var second = new byte[1 + HpkeSuite.TagLength];
        sender.Seal("aad"u8, "1"u8, first);
        sender.Seal("aad"u8, "2"u8, second);
        using var otherInfo = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, "INFO"u8);
        using var otherKey = HpkeContext.CreateRecipient(other, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, "info"u8);
        using var otherCipher = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes128Gcm, "info"u8);
        using var recipient = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, "info"u8);
        var opened = new byte[1];
        Assert.Throws<HpkeException>(() => otherInfo.Open("aad"u8, first, opened));
        Assert.Throws<HpkeException>(() => otherKey.Open("aad"u8, first, opened));
        Assert.Throws<HpkeException>(() => otherCipher.Open("aad"u8, first, opened));
        Assert.Throws<HpkeException>(() => recipient.Open("AAD"u8, first, opened));
        Assert.Throws<HpkeException>(() => recipient.Open("aad"u8, second, opened));
        Assert.Throws<HpkeException>(() => recipient.Open("aad"u8, first.AsSpan(0, 3), []));
        recipient.Open("aad"u8, first, opened);
        Assert.Throws<HpkeException>(() => recipient.Open("aad"u8, first, opened));
        recipient.Open("aad"u8, second, opened);
    }

    [Fact]
    public void Seal_WrongEnd_IsAMistakeOfTheCaller()
    {
        using var sender = HpkeContext.CreateSender(Key.PublicKey, HpkeAead.Aes256Gcm, []);
        using var recipient = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, []);
        Assert.Throws<InvalidOperationException>(() => recipient.Seal([], [], new byte[16]));
        Assert.Throws<InvalidOperationException>(() => sender.Open([], new byte[16], []));
        Assert.Throws<ArgumentException>(() => sender.Seal([], [], new byte[15]));
        Assert.Throws<ArgumentException>(() => recipient.Open([], new byte[17], []));
    }

    [Fact]
    public void Seal_CounterAtItsEnd_IsRefused()
    {
        using var sequence = new AeadSequence(new byte[16], new byte[12], first: ulong.MaxValue - 1);
        sequence.Seal([], [], new byte[16]);
        Assert.Throws<InvalidOperationException>(() => sequence.Seal([], [], new byte[16]));
        Assert.Throws<InvalidOperationException>(() => sequence.Open([], new byte[16], []));
    }

    [Fact]
    public void Seal_ManyMessages_AllocatesNothing()
    {
        using var sender = HpkeContext.CreateSender(Key.PublicKey, HpkeAead.Aes256Gcm, []);
        using var recipient = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, []);
        var message = new byte[100 + HpkeSuite.TagLength];
        Exchange();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 100; round++)
        {
            Exchange();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        // In place, as the contract allows.
        void Exchange()
        {
            sender.Seal("final"u8, message.AsSpan(0, 100), message);
            recipient.Open("final"u8, message, message.AsSpan(0, 100));
        }
    }

    [Fact]
    public void CreateRecipient_ManyThreadsOneKey_AllAgree()
    {
        var publicKey = HpkePublicKey.Parse(Key.PublicKey.Bytes.Span);
        Parallel.For(0, 500, _ =>
        {
            using var sender = HpkeContext.CreateSender(publicKey, HpkeAead.Aes256Gcm, []);
            using var recipient = HpkeContext.CreateRecipient(Key, sender.Encapsulation.Span, HpkeAead.Aes256Gcm, []);
            var mine = new byte[32];
            var theirs = new byte[32];
            sender.Export("x"u8, mine);
            recipient.Export("x"u8, theirs);
            Assert.Equal(mine, theirs);
        });
    }

    [Fact]
    public void Parse_AnyBitFlipped_IsRefused()
    {
        var bytes = Key.PublicKey.Bytes.ToArray();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var altered = bytes.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<HpkeException>(() => HpkePublicKey.Parse(altered));
        }
    }

    [Fact]
    public void Parse_AnotherLengthOrForm_IsRefused()
    {
        var bytes = Key.PublicKey.Bytes.ToArray();
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse([]));
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse([0]));
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse(bytes.AsSpan(0, 64)));
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse([.. bytes, 0]));
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse([(byte)(2 + (bytes[64] & 1)), .. bytes.AsSpan(1, 32)]));
        Assert.Throws<HpkeException>(() => HpkePublicKey.Parse([(byte)(6 + (bytes[64] & 1)), .. bytes.AsSpan(1)]));
        Assert.Equal(Key.PublicKey, HpkePublicKey.Parse(bytes));
    }
}
