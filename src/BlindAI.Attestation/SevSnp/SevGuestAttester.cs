using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>Has an SEV-SNP guest's report made by the driver of <c>/dev/sev-guest</c>: for kernels before configfs-tsm.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.4; Linux, include/uapi/linux/sev-guest.h; AMD publication 56860, MSG_REPORT_REQ and MSG_REPORT_RSP.
/// Never run on hardware.
/// </remarks>
public sealed class SevGuestAttester : HardwareAttester
{
    /// <summary>Where the driver shows it.</summary>
    public const string DefaultDevice = "/dev/sev-guest";

    /// <summary>SNP_GET_REPORT: <c>_IOWR('S', 0, struct snp_guest_request_ioctl)</c>.</summary>
    internal const uint GetReport = 0xC0205300;

    /// <summary>SNP_GET_EXT_REPORT: <c>_IOWR('S', 2, struct snp_guest_request_ioctl)</c>.</summary>
    internal const uint GetExtendedReport = 0xC0205302;

    // struct snp_guest_request_ioctl: u8 msg_version, u64 req_data, u64 resp_data, u32 fw_error, u32 vmm_error.
    private const int ArgumentLength = 32;
    private const int RequestAddressAt = 8;
    private const int ResponseAddressAt = 16;
    private const int FirmwareErrorAt = 24;
    private const int HostErrorAt = 28;
    private const byte MessageVersion = 1;

    // struct snp_report_req: user_data[64], u32 vmpl, rsvd[28]; snp_ext_report_req adds u64 certs_address, u32 certs_len.
    private const int RequestLength = 96;
    private const int ExtendedRequestLength = 112;
    private const int CertificatesAddressAt = 96;
    private const int CertificatesLengthAt = 104;

    // SEV_FW_BLOB_MAX_SIZE, the most that the driver takes; always whole pages.
    private const int MaxCertificatesLength = 0x4000;

    // struct snp_report_resp: data[4000], in it u32 status, u32 report_size, rsvd[24], the report.
    private const int ResponseLength = 4000;
    private const int ReportLengthAt = 4;
    private const int ReportAt = 0x20;
    private const int ReportLength = 0x4A0;

    // SNP_GUEST_VMM_ERR_INVALID_LEN and SNP_GUEST_VMM_ERR_BUSY.
    private const uint HostCertificatesTooLarge = 1;
    private const uint HostBusy = 2;

    private readonly Func<IControlDevice> _open;

    private readonly TimeProvider _clock;

    /// <summary>Takes the device.</summary>
    public SevGuestAttester(string device = DefaultDevice)
        : this(device, () => LinuxDevice.Open(device), TimeProvider.System)
    {
    }

    internal SevGuestAttester(string device, Func<IControlDevice> open, TimeProvider clock)
        : base(TeeKind.SevSnp, device)
    {
        _open = open;
        _clock = clock;
    }

    private protected override async ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        using var device = _open();
        return await Patience.AskAsync(() => new ValueTask<TeeEvidence?>(TryMake(device, reportData)), Device, _clock, cancellationToken).ConfigureAwait(false);
    }

    // Null: busy.
    private TeeEvidence? TryMake(IControlDevice device, ReportData reportData)
    {
        var certificates = new PinnedBuffer(MaxCertificatesLength);
        var request = new PinnedBuffer(ExtendedRequestLength);
        reportData.Bytes.CopyTo(request.Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(request.Bytes.AsSpan(CertificatesAddressAt), certificates.Address);
        BinaryPrimitives.WriteUInt32LittleEndian(request.Bytes.AsSpan(CertificatesLengthAt), MaxCertificatesLength);

        var (error, hostError, report) = Ask(device, GetExtendedReport, request);
        GC.KeepAlive(certificates);
        if (error != 0 && hostError == HostCertificatesTooLarge)
        {
            // The host has more certificates than the driver hands over: the report alone, then. The verifier's side fetches them.
            var plain = new PinnedBuffer(RequestLength);
            reportData.Bytes.CopyTo(plain.Bytes);
            certificates = new PinnedBuffer(0);
            (error, hostError, report) = Ask(device, GetReport, plain);
        }

        if (error != 0 && (DeviceFault.IsPassing(error) || hostError == HostBusy))
        {
            return null;
        }

        return error == 0 ? SnpHostCertificates.Attach(report!, certificates.Bytes) : throw DeviceFault.Of(Device, error);
    }

    private (int Error, uint HostError, byte[]? Report) Ask(IControlDevice device, uint number, PinnedBuffer request)
    {
        var response = new PinnedBuffer(ResponseLength);
        Span<byte> argument = stackalloc byte[ArgumentLength];
        argument.Clear();
        argument[0] = MessageVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(argument[RequestAddressAt..], request.Address);
        BinaryPrimitives.WriteUInt64LittleEndian(argument[ResponseAddressAt..], response.Address);
        var error = device.Control(number, argument);
        GC.KeepAlive(request);
        var firmwareError = BinaryPrimitives.ReadUInt32LittleEndian(argument[FirmwareErrorAt..]);
        var hostError = BinaryPrimitives.ReadUInt32LittleEndian(argument[HostErrorAt..]);
        if (error != 0)
        {
            Reject.Unless(firmwareError == 0, RejectionCode.EvidenceUnavailable, $"The firmware behind {Device} refused with error 0x{firmwareError:x}.", "AMD publication 56860, \"Status Codes\", says what it means.");
            return (error, hostError, null);
        }

        var status = BinaryPrimitives.ReadUInt32LittleEndian(response.Bytes);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(response.Bytes.AsSpan(ReportLengthAt));
        Reject.Unless(status == 0, RejectionCode.EvidenceUnavailable, $"{Device} answered with status 0x{status:x}.", "0x16 says that the guest may not ask at VMPL 0, as under an SVSM: use configfs-tsm.");
        Reject.Unless(length == ReportLength, RejectionCode.EvidenceUnavailable, $"{Device} gave a report of {length} bytes, not {ReportLength}.");
        return (0, 0, response.Bytes[ReportAt..(ReportAt + ReportLength)]);
    }
}
