using System.Buffers.Binary;
using System.Formats.Cbor;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Nitro;

/// <summary>Has a Nitro enclave's document made by the security module behind <c>/dev/nsm</c>.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.6; Linux, include/uapi/linux/nsm.h; aws/aws-nitro-enclaves-nsm-api. Never run on hardware.
/// </remarks>
public sealed class NsmAttester : HardwareAttester
{
    /// <summary>Where the driver shows it.</summary>
    public const string DefaultDevice = "/dev/nsm";

    /// <summary>NSM_IOCTL_RAW: <c>_IOWR(0x0A, 0, struct nsm_raw)</c>.</summary>
    internal const uint Raw = 0xC0200A00;

    /// <summary>Most bytes of a response: NSM_RESPONSE_MAX_SIZE.</summary>
    internal const int MaxResponseLength = 0x3000;

    // struct nsm_raw: two iovecs, request and response, each u64 addr, u64 len. The driver writes the length of the response.
    private const int ArgumentLength = 32;
    private const int RequestLengthAt = 8;
    private const int ResponseAddressAt = 16;
    private const int ResponseLengthAt = 24;

    // ErrorCode of the NSM API.
    private static readonly HashSet<string> Errors =
        ["InvalidArgument", "InvalidIndex", "InvalidResponse", "ReadOnlyIndex", "InvalidOperation", "BufferTooSmall", "InputTooLarge", "InternalError"];

    private readonly Func<IControlDevice> _open;

    private readonly TimeProvider _clock;

    /// <summary>Takes the device.</summary>
    public NsmAttester(string device = DefaultDevice)
        : this(device, () => LinuxDevice.Open(device), TimeProvider.System)
    {
    }

    internal NsmAttester(string device, Func<IControlDevice> open, TimeProvider clock)
        : base(TeeKind.Nitro, device)
    {
        _open = open;
        _clock = clock;
    }

    /// <summary>The document of a response.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>: an error, or nothing that the module says.</exception>
    internal static ReadOnlyMemory<byte> ParseResponse(ReadOnlyMemory<byte> response)
    {
        try
        {
            var reader = new CborReader(response, CborConformanceMode.Strict);
            Require(reader.ReadStartMap() == 1);
            var answer = reader.ReadTextString();
            if (answer == "Error")
            {
                var error = reader.ReadTextString();
                throw DeviceFault.Unavailable($"The Nitro security module refused: {(Errors.Contains(error) ? error : "an error that this version does not know")}.");
            }

            Require(answer == "Attestation" && reader.ReadStartMap() == 1 && reader.ReadTextString() == "document");
            var document = reader.ReadByteString();
            reader.ReadEndMap();
            reader.ReadEndMap();
            Require(reader.BytesRemaining == 0 && document.Length > 0);
            return document;
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException)
        {
            throw Malformed(exception);
        }
    }

    private protected override async ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        var request = EncodeRequest(reportData, nonce);
        using var device = _open();
        var response = await Patience.AskAsync(() => new ValueTask<byte[]?>(TryAsk(device, request)), Device, _clock, cancellationToken).ConfigureAwait(false);
        return new(Tee.EvidenceType, ParseResponse(response));
    }

    // public_key stays null: it is for key services that encrypt to the enclave.
    private static byte[] EncodeRequest(ReportData reportData, Nonce? nonce)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartMap(1);
        writer.WriteTextString("Attestation");
        writer.WriteStartMap(3);
        writer.WriteTextString("user_data");
        writer.WriteByteString(reportData.Bytes);
        writer.WriteTextString("nonce");
        if (nonce is null)
        {
            writer.WriteNull();
        }
        else
        {
            writer.WriteByteString(nonce.Bytes.Span);
        }

        writer.WriteTextString("public_key");
        writer.WriteNull();
        writer.WriteEndMap();
        writer.WriteEndMap();
        return writer.Encode();
    }

    // Null: busy.
    private byte[]? TryAsk(IControlDevice device, byte[] encoded)
    {
        // At most 64 bytes of user data and 64 of nonce: far below the 0x1000 of NSM_REQUEST_MAX_SIZE.
        var request = new PinnedBuffer(encoded.Length);
        encoded.CopyTo(request.Bytes, 0);
        var response = new PinnedBuffer(MaxResponseLength);
        Span<byte> argument = stackalloc byte[ArgumentLength];
        BinaryPrimitives.WriteUInt64LittleEndian(argument, request.Address);
        BinaryPrimitives.WriteUInt64LittleEndian(argument[RequestLengthAt..], (ulong)encoded.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(argument[ResponseAddressAt..], response.Address);
        BinaryPrimitives.WriteUInt64LittleEndian(argument[ResponseLengthAt..], MaxResponseLength);
        var error = device.Control(Raw, argument);
        GC.KeepAlive(request);
        if (DeviceFault.IsPassing(error))
        {
            return null;
        }

        if (error != 0)
        {
            throw DeviceFault.Of(Device, error);
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(argument[ResponseLengthAt..]);
        Reject.Unless(length <= MaxResponseLength, RejectionCode.EvidenceUnavailable, $"{Device} states a response of {length} bytes; the most is {MaxResponseLength}.");
        return response.Bytes[..(int)length];
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw Malformed(null);
        }
    }

    private static AttestationException Malformed(Exception? inner) => DeviceFault.Unavailable("The Nitro security module gave something that is no attestation document.", "use a newer version of this software.", inner);
}
