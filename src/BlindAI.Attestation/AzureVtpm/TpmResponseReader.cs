using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>A cursor over the parameters of a TPM's answer; big-endian. An answer that breaks its form is no evidence (601).</summary>
internal ref struct TpmResponseReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public ReadOnlySpan<byte> ReadBytes(int count)
    {
        Require(count <= _left.Length);
        var bytes = _left[..count];
        _left = _left[count..];
        return bytes;
    }

    public byte ReadByte() => ReadBytes(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(ReadBytes(sizeof(ushort)));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(ReadBytes(sizeof(uint)));

    /// <summary>A TPM2B.</summary>
    public ReadOnlySpan<byte> ReadSized() => ReadBytes(ReadUInt16());

    public readonly void ExpectEnd() => Require(_left.IsEmpty);

    public static void Require(bool condition)
    {
        if (!condition)
        {
            throw DeviceFault.Unavailable("The TPM gave an answer of another form than the one that was asked for.", "does something else speak to the same device without the kernel's resource manager (/dev/tpmrm0)?");
        }
    }
}
