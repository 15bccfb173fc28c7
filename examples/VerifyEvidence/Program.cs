using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;

// Verifies captured evidence with the attestation library alone: no network, no clock, no configuration. Each argument is a folder with a case.json.
var isAllAuthentic = args.Length > 0;
foreach (var folder in args)
{
    try
    {
        var captured = CapturedEvidence.ReadFolder(folder);
        var at = captured.At ?? throw new AttestationException(RejectionCode.MemberMissing, "The case does not say at what time to verify it.");

        var evidence = TeeVerifiers.For(captured.Tee).Verify(captured.Evidence, captured.Challenge, at);

        Console.WriteLine($"{captured.Tee}: authentic {evidence.ToJson().ToJsonString()}");
    }
    catch (AttestationException refusal)
    {
        Console.WriteLine($"refused: {(int)refusal.Code} {refusal.Code}: {refusal.Message}");
        isAllAuthentic = false;
    }
}

return isAllAuthentic ? 0 : 1;
