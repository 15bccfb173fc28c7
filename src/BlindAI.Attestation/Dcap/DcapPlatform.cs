using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Dcap;

/// <summary>An Intel platform that was proved: who it is, and what Intel says about it.</summary>
public sealed class DcapPlatform
{
    internal DcapPlatform()
    {
    }

    /// <summary>What Intel certified of the platform.</summary>
    public required PckCertificate Pck { get; init; }

    /// <summary>Which of Intel's authorities certified it.</summary>
    public required PckCa PckCa { get; init; }

    /// <summary>Intel's judgement.</summary>
    public required TcbEvaluation Tcb { get; init; }

    /// <summary>The version of the TCB info: 2 or 3.</summary>
    public required int TcbInfoVersion { get; init; }

    /// <summary>Which of Intel's judgements of platforms was used.</summary>
    public required int TcbEvaluationDataNumber { get; init; }

    /// <summary>Which of Intel's judgements of quoting enclaves was used.</summary>
    public required int QeIdentityEvaluationDataNumber { get; init; }

    /// <summary>The end of the validity of all certificates and collateral that were used.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    internal MachineIdentity Machine => new() { Ppid = Pck.Ppid, PlatformInstanceId = Pck.PlatformInstanceId };

    internal void AddTo(JsonObject json)
    {
        json["fmspc"] = Convert.ToHexStringLower(Pck.Fmspc.Span);
        json["pce_id"] = Convert.ToHexStringLower(Pck.PceId.Span);
        json["sgx_type"] = (int)Pck.SgxType;
        json["pck_pce_svn"] = Pck.PceSvn;
        json["pck_cpu_svn_components"] = new JsonArray([.. Pck.Components.Select(svn => (JsonNode)(int)svn)]);
        json["pck_issuer"] = DcapVerifier.NameOf(PckCa);
        json["tcb_status"] = Tcb.Status.ToString();
        json["platform_level_status"] = Tcb.PlatformStatus.ToString();
        if (Tcb.ModuleStatus is { } module)
        {
            json["tdx_module_status"] = module.ToString();
        }

        json["qe_status"] = Tcb.QeStatus.ToString();
        if (Tcb.CurrentStatus is { } current)
        {
            json["current_tcb_status"] = current.ToString();
        }

        json["advisory_ids"] = new JsonArray([.. Tcb.Advisories.Select(id => (JsonNode)id)]);
        json["qe_advisory_ids"] = new JsonArray([.. Tcb.QeAdvisories.Select(id => (JsonNode)id)]);
        json["tcb_evaluation_data_number"] = TcbEvaluationDataNumber;
        json["tcb_info_version"] = TcbInfoVersion;
        json["qe_identity_evaluation_data_number"] = QeIdentityEvaluationDataNumber;
    }

    /// <summary>What the vectors have no name for.</summary>
    internal void AddDetailsTo(JsonObject json)
    {
        json["ppid"] = Convert.ToHexStringLower(Pck.Ppid.Span);
        json["platform_instance_id"] = Pck.PlatformInstanceId is { } instance ? Convert.ToHexStringLower(instance.Span) : null;
        json["dynamic_platform"] = Pck.DynamicPlatform;
        json["cached_keys"] = Pck.CachedKeys;
        json["smt_enabled"] = Pck.SmtEnabled;
        json["tcb_date"] = Tcb.Date.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
    }
}
