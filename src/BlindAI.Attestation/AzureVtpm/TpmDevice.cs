using System.Buffers.Binary;
using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>A TPM 2.0, spoken to in its own commands: the few that evidence needs.</summary>
/// <remarks>Source: docs/attestation.md, clause 17.7; TCG, TPM 2.0 Library, part 3. Tested with swtpm; never run with the TPM of an Azure machine.</remarks>
internal sealed class TpmDevice : IDisposable
{
    /// <summary>The kernel's device, with its resource manager.</summary>
    public const string DefaultDevice = "/dev/tpmrm0";

    /// <summary>Registers of a bank.</summary>
    public const int Registers = 24;

    private const int HeaderLength = 10;
    private const int MaxResponseLength = 4096;
    private const int MaxNvLength = 16 * 1024;

    // What every TPM reads at once: TPM_PT_NV_BUFFER_MAX is at least 512 (PC Client Platform TPM Profile).
    private const int NvChunkLength = 512;

    // How often registers are read anew because one was extended between reading and quoting.
    private const int MaxQuoteAttempts = 5;

    private const uint NvReadPublic = 0x169;
    private const uint NvRead = 0x14E;
    private const uint Quote = 0x158;
    private const uint PcrRead = 0x17E;

    private const uint OwnerHandle = 0x40000001;
    private const uint NvOwnerRead = 1u << 17;
    private const uint NvAuthRead = 1u << 18;

    private const ushort Sha256Bank = 0x000B;
    private const ushort Rsassa = 0x0014;

    // TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING; and TPM_RC_HANDLE for handle 1: no such index.
    private static readonly uint[] PassingCodes = [0x922, 0x908, 0x90A];
    private const uint NoSuchHandle = 0x18B;

    private readonly Stream _stream;

    private readonly TimeProvider _clock;

    public TpmDevice(Stream stream, TimeProvider clock) => (_stream, _clock) = (stream, clock);

    /// <exception cref="IOException">It is not there, or may not be opened.</exception>
    public static TpmDevice Open(string path) => new(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0), TimeProvider.System);

    /// <summary>Reads an index of the non-volatile memory; null when there is none of that number.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    public async ValueTask<byte[]?> ReadNvAsync(uint index, CancellationToken cancellationToken)
    {
        var (code, area) = await AskAsync(new TpmCommand(NvReadPublic, hasSession: false).Add(index), cancellationToken).ConfigureAwait(false);
        if (code == NoSuchHandle)
        {
            return null;
        }

        RequireSuccess(NvReadPublic, code);
        var (attributes, length) = ParseNvPublic(area, index);
        Reject.Unless((attributes & (NvOwnerRead | NvAuthRead)) != 0, RejectionCode.EvidenceUnavailable, $"The TPM's index 0x{index:x} may not be read with an empty password.");
        Reject.Unless(length is > 0 and <= MaxNvLength, RejectionCode.EvidenceUnavailable, $"The TPM's index 0x{index:x} has {length} bytes; the most is {MaxNvLength}.");
        var authority = (attributes & NvOwnerRead) != 0 ? OwnerHandle : index;
        var content = new byte[length];
        for (var offset = 0; offset < length; offset += NvChunkLength)
        {
            var count = Math.Min(NvChunkLength, length - offset);
            var command = new TpmCommand(NvRead, hasSession: true).Add(authority).Add(index).AddEmptyPassword().Add((ushort)count).Add((ushort)offset);
            var part = await ExecuteAsync(NvRead, command, cancellationToken).ConfigureAwait(false);
            ParseSized(part, count).CopyTo(content, offset);
        }

        return content;
    }

    /// <summary>Has a key sign the registers and extra data.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    public async ValueTask<TpmSignedQuote> QuoteAsync(uint key, ReadOnlyMemory<byte> extraData, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxQuoteAttempts; attempt++)
        {
            var registers = await ReadRegistersAsync(cancellationToken).ConfigureAwait(false);
            var command = new TpmCommand(Quote, hasSession: true).Add(key).AddEmptyPassword().AddSized(extraData.Span).Add(Rsassa).Add(Sha256Bank);
            AddSelection(command, 0xFFFFFF);
            var (message, signature) = ParseQuote(await ExecuteAsync(Quote, command, cancellationToken).ConfigureAwait(false));

            // The digest of the registers is the last field of the message (TPMS_QUOTE_INFO).
            if (message.AsSpan().EndsWith(SHA256.HashData(Join(registers))))
            {
                return new(message, signature, registers);
            }
        }

        throw DeviceFault.Unavailable($"The TPM's registers changed {MaxQuoteAttempts} times while they were quoted.", "try again; something measures into them.");
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Splits an answer into its code and its parameters.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    internal static (uint Code, byte[] Parameters) ParseResponse(ReadOnlySpan<byte> response, bool hasSession)
    {
        var reader = new TpmResponseReader(response);
        var tag = reader.ReadUInt16();
        TpmResponseReader.Require(reader.ReadUInt32() == response.Length);
        var code = reader.ReadUInt32();
        if (code != 0)
        {
            return (code, []);
        }

        TpmResponseReader.Require(tag == (hasSession ? 0x8002 : 0x8001));
        if (!hasSession)
        {
            return (0, response[HeaderLength..].ToArray());
        }

        var length = reader.ReadUInt32();
        TpmResponseReader.Require(length <= (uint)response.Length);
        var parameters = reader.ReadBytes((int)length);

        // The session of a password: empty nonce, attributes, empty HMAC.
        TpmResponseReader.Require(reader.ReadSized().IsEmpty);
        _ = reader.ReadByte();
        TpmResponseReader.Require(reader.ReadSized().IsEmpty);
        reader.ExpectEnd();
        return (0, parameters.ToArray());
    }

    /// <summary>The bits and values of an answer to PCR_Read, in the order of the registers.</summary>
    internal static (uint Selected, IReadOnlyList<byte[]> Values) ParseRegisters(ReadOnlySpan<byte> parameters)
    {
        var reader = new TpmResponseReader(parameters);
        _ = reader.ReadUInt32();
        TpmResponseReader.Require(reader.ReadUInt32() == 1 && reader.ReadUInt16() == Sha256Bank && reader.ReadByte() == 3);
        var bits = reader.ReadBytes(3);
        var selected = bits[0] | ((uint)bits[1] << 8) | ((uint)bits[2] << 16);
        var count = reader.ReadUInt32();
        TpmResponseReader.Require(count == uint.PopCount(selected));
        var values = new List<byte[]>();
        for (var left = count; left > 0; left--)
        {
            var value = reader.ReadSized();
            TpmResponseReader.Require(value.Length == SHA256.HashSizeInBytes);
            values.Add(value.ToArray());
        }

        reader.ExpectEnd();
        return (selected, values);
    }

    /// <summary>The message and the signature of an answer to Quote.</summary>
    internal static (byte[] Message, byte[] Signature) ParseQuote(ReadOnlySpan<byte> parameters)
    {
        var reader = new TpmResponseReader(parameters);
        var message = reader.ReadSized();
        TpmResponseReader.Require(message.Length > 0 && reader.ReadUInt16() == Rsassa && reader.ReadUInt16() == Sha256Bank);
        var signature = reader.ReadSized();
        reader.ExpectEnd();
        return (message.ToArray(), signature.ToArray());
    }

    /// <summary>The attributes and the length of an index.</summary>
    internal static (uint Attributes, int Length) ParseNvPublic(ReadOnlySpan<byte> parameters, uint index)
    {
        var reader = new TpmResponseReader(parameters);
        var area = new TpmResponseReader(reader.ReadSized());
        _ = reader.ReadSized();
        reader.ExpectEnd();
        TpmResponseReader.Require(area.ReadUInt32() == index);
        _ = area.ReadUInt16();
        var attributes = area.ReadUInt32();
        _ = area.ReadSized();
        var length = area.ReadUInt16();
        area.ExpectEnd();
        return (attributes, length);
    }

    private static byte[] ParseSized(ReadOnlySpan<byte> parameters, int expected)
    {
        var reader = new TpmResponseReader(parameters);
        var bytes = reader.ReadSized();
        reader.ExpectEnd();
        TpmResponseReader.Require(bytes.Length == expected);
        return bytes.ToArray();
    }

    private static byte[] Join(IReadOnlyList<byte[]> registers) => [.. registers.SelectMany(register => register)];

    private static void AddSelection(TpmCommand command, uint selected) =>
        command.Add(1u).Add(Sha256Bank).Add((byte)3).Add((byte)selected).Add((byte)(selected >> 8)).Add((byte)(selected >> 16));

    private static void RequireSuccess(uint command, uint code) => Reject.Unless(code == 0, RejectionCode.EvidenceUnavailable,
        $"The TPM refused the command 0x{command:x} with code 0x{code:x}.", "TPM 2.0 Library, part 2, \"TPM_RC\", says what it means.");

    // A TPM gives at most eight values at once.
    private async ValueTask<IReadOnlyList<byte[]>> ReadRegistersAsync(CancellationToken cancellationToken)
    {
        var registers = new byte[Registers][];
        for (uint left = 0xFFFFFF; left != 0;)
        {
            var command = new TpmCommand(PcrRead, hasSession: false);
            AddSelection(command, left);
            var (selected, values) = ParseRegisters(await ExecuteAsync(PcrRead, command, cancellationToken).ConfigureAwait(false));
            Reject.Unless(selected != 0 && (selected & ~left) == 0, RejectionCode.EvidenceUnavailable, "The TPM has no bank of SHA-256 registers with all that were asked for.");
            foreach (var value in values)
            {
                var register = (int)uint.TrailingZeroCount(selected);
                registers[register] = value;
                selected &= selected - 1;
                left &= ~(1u << register);
            }
        }

        return registers;
    }

    private async ValueTask<byte[]> ExecuteAsync(uint number, TpmCommand command, CancellationToken cancellationToken)
    {
        var (code, parameters) = await AskAsync(command, cancellationToken).ConfigureAwait(false);
        RequireSuccess(number, code);
        return parameters;
    }

    private async ValueTask<(uint Code, byte[] Parameters)> AskAsync(TpmCommand command, CancellationToken cancellationToken)
    {
        var answer = await Patience.AskAsync(async () =>
        {
            var response = ParseResponse(await ExchangeAsync(command.Encode(), cancellationToken).ConfigureAwait(false), command.HasSession);
            return PassingCodes.Contains(response.Code) ? null : Tuple.Create(response.Code, response.Parameters);
        }, "The TPM", _clock, cancellationToken).ConfigureAwait(false);
        return (answer.Item1, answer.Item2);
    }

    // The kernel's device takes a command with one write and gives the answer with one read; a socket may give it in pieces.
    private async ValueTask<byte[]> ExchangeAsync(byte[] command, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(command, cancellationToken).ConfigureAwait(false);
        var response = new byte[MaxResponseLength];
        var length = 0;
        while (length < HeaderLength || length < StatedLength(response))
        {
            var read = length < response.Length ? await _stream.ReadAsync(response.AsMemory(length), cancellationToken).ConfigureAwait(false) : 0;
            TpmResponseReader.Require(read > 0);
            length += read;
        }

        return response[..length];
    }

    private static long StatedLength(byte[] response) => BinaryPrimitives.ReadUInt32BigEndian(response.AsSpan(2));
}
