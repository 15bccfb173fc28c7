using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;

// Verifies captured evidence with the attestation library alone: no network, no clock, no configuration. Each argument is a folder with a case.json.
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: VerifyEvidence FOLDER...    each folder holds a case.json (docs/attestation.md, clause 16.2)");
    return 2;
}

var isAllAuthentic = true;
foreach (var folder in args)
{
    try
    {
        var captured = CapturedEvidence.ReadFolder(folder);
        var at = captured.At ?? throw new AttestationException(RejectionCode.MemberMissing, "The case does not say at what time to verify it.");

        var verifier = TeeVerifiers.For(captured.Tee);
        var evidence = verifier.Verify(captured.Evidence, captured.Challenge, at);

        // Authentic is not acceptable: that is for a policy to say. Prudence alone says this much.
        Console.WriteLine($"{captured.Tee}: authentic, {(evidence.IsFresh ? "fresh" : "freshness not checked")}, {Judge(verifier, evidence)} {evidence.ToJson().ToJsonString()}");
    }
    catch (Exception refusal) when (refusal is AttestationException or IOException)
    {
        Console.WriteLine(refusal is AttestationException { Code: var code } ? $"refused: {(int)code} {code}: {refusal.Message}" : $"refused: {refusal.Message}");
        isAllAuthentic = false;
    }
}

return isAllAuthentic ? 0 : 1;

static string Judge(ITeeVerifier verifier, VerifiedEvidence evidence)
{
    try
    {
        verifier.JudgeByDefault(evidence);
        return "nothing speaks against it by default";
    }
    catch (AttestationException opinion)
    {
        return $"not acceptable by default ({(int)opinion.Code} {opinion.Code})";
    }
}
