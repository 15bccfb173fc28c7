using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Cli.Attest;

/// <summary>The policy of <c>blindai attest --write-policy</c>: it accepts the enclave that was seen, and whatever proves the same.</summary>
/// <remarks>It decides nothing that evidence cannot show: any machine, any model. A person narrows those.</remarks>
internal static class SeenPolicy
{
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyUnsupported"/>: this build writes no policy for that TEE.</exception>
    public static AttestationPolicy Of(VerifiedEnclave enclave) => new()
    {
        Service = enclave.Claims.Service,
        Machines = new MachineRule.Any(),
        Configuration = DigestRule.OneOf(new HexValue(enclave.Claims.Configuration.Bytes)),
        Accept = [EntryFor(enclave.Evidence)],
        OtherModels = OtherModels.Allow,
    };

    private static SimulationPolicyEntry EntryFor(VerifiedEvidence evidence) => evidence is VerifiedSimulation simulation
        ? new() { Key = DigestRule.OneOf(new HexValue(simulation.Key.Bytes)) }
        : throw new AttestationException(RejectionCode.PolicyUnsupported, $"This version writes no policy for {evidence.Tee}.", "write it from the measurements that you reviewed.");
}
