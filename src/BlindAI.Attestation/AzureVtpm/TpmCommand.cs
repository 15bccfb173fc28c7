using System.Buffers.Binary;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>One command to a TPM, written field by field; big-endian.</summary>
/// <remarks>Source: TCG, TPM 2.0 Library, part 1 section 18 (command structure) and part 3 (the commands).</remarks>
internal sealed class TpmCommand
{
    private const ushort WithoutSessions = 0x8001;
    private const ushort WithSessions = 0x8002;
    private const uint PasswordSessionHandle = 0x40000009;
    private const int LengthAt = 2;

    private readonly List<byte> _bytes = [];

    /// <summary>Begins a command; its handles come next.</summary>
    /// <param name="code">TPM_CC.</param>
    /// <param name="hasSession">Whether a handle is used by right of a password, which is empty on every TPM that we ask.</param>
    public TpmCommand(uint code, bool hasSession)
    {
        HasSession = hasSession;
        Add(hasSession ? WithSessions : WithoutSessions).Add(0u).Add(code);
    }

    /// <summary>Whether the answer has the size of its parameters in front of them, and a session behind.</summary>
    public bool HasSession { get; }

    public TpmCommand Add(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    public TpmCommand Add(ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    public TpmCommand Add(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    public TpmCommand Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>A TPM2B: two bytes of length, then the bytes.</summary>
    public TpmCommand AddSized(ReadOnlySpan<byte> bytes) => Add((ushort)bytes.Length).Add(bytes);

    /// <summary>The authorisation area with the empty password; between the handles and the parameters.</summary>
    public TpmCommand AddEmptyPassword() => Add(9u).Add(PasswordSessionHandle).Add((ushort)0).Add((byte)0).Add((ushort)0);

    public byte[] Encode()
    {
        var bytes = _bytes.ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(LengthAt), (uint)bytes.Length);
        return bytes;
    }
}
