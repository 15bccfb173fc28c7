using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>Sets a TPM up as Azure's is, in commands written by hand: nothing of the code under test helps.</summary>
/// <remarks>Source: TCG, TPM 2.0 Library, part 3.</remarks>
internal static class TpmProvisioning
{
    private const string Owner = "40000001";
    private const string EmptyPassword = "00000009" + "40000009" + "0000" + "00" + "0000";

    /// <summary>Makes a restricted RSA signing key (RSASSA, SHA-256), keeps it at a handle and gives its public half.</summary>
    public static RSA MakeAttestationKey(Stream tpm, uint handle)
    {
        // TPMT_PUBLIC: RSA, SHA-256; fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign; no policy; no symmetric; RSASSA SHA-256; 2048 bits; exponent default; unique empty.
        const string Public = "0001" + "000b" + "00050072" + "0000" + "0010" + "0014" + "000b" + "0800" + "00000000" + "0000";
        var created = Run(tpm, "8002", "00000131", Owner + EmptyPassword + "0004" + "00000000" + Sized(Public) + "0000" + "00000000");
        var transient = BinaryPrimitives.ReadUInt32BigEndian(created);

        // handle 4, parameterSize 4, TPM2B_PUBLIC size 2, then TPMT_PUBLIC with the modulus as its last field.
        var length = BinaryPrimitives.ReadUInt16BigEndian(created.AsSpan(8));
        var area = created.AsSpan(10, length);
        Run(tpm, "8002", "00000120", Owner + transient.ToString("x8", null) + EmptyPassword + handle.ToString("x8", null));
        Run(tpm, "8001", "00000165", transient.ToString("x8", null));
        return RSA.Create(new RSAParameters { Modulus = area[^256..].ToArray(), Exponent = [1, 0, 1] });
    }

    /// <summary>Defines an index that the owner writes and reads, and fills it.</summary>
    public static void WriteIndex(Stream tpm, uint index, byte[] content)
    {
        // TPMS_NV_PUBLIC: index, SHA-256, OWNERWRITE | OWNERREAD | NO_DA, no policy, length.
        var area = index.ToString("x8", null) + "000b" + "02020002" + "0000" + content.Length.ToString("x4", null);
        Run(tpm, "8002", "0000012a", Owner + EmptyPassword + "0000" + Sized(area));
        for (var offset = 0; offset < content.Length; offset += 700)
        {
            var part = content.AsSpan(offset, Math.Min(700, content.Length - offset));
            Run(tpm, "8002", "00000137", Owner + index.ToString("x8", null) + EmptyPassword + Sized(Convert.ToHexString(part)) + offset.ToString("x4", null));
        }
    }

    /// <summary>Extends a register of the SHA-256 bank.</summary>
    public static void Extend(Stream tpm, int register, ReadOnlySpan<byte> data) =>
        Run(tpm, "8002", "00000182", register.ToString("x8", null) + EmptyPassword + "00000001" + "000b" + Convert.ToHexString(SHA256.HashData(data)));

    private static string Sized(string hex) => (hex.Length / 2).ToString("x4", null) + hex;

    private static byte[] Run(Stream tpm, string tag, string code, string rest)
    {
        var length = (tag.Length + 8 + code.Length + rest.Length) / 2;
        tpm.Write(Convert.FromHexString(tag + length.ToString("x8", null) + code + rest));
        var header = new byte[10];
        tpm.ReadExactly(header);
        var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(2)) - header.Length];
        tpm.ReadExactly(answer);
        Assert.True(BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(6)) == 0, $"Command {code}: {Convert.ToHexString(header)}");
        return answer;
    }
}
