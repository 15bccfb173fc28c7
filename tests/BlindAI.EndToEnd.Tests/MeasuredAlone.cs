using System.Diagnostics.CodeAnalysis;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Tests that count what the whole process does, and so run while no other test of it does.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xUnit's term.")]
public sealed class MeasuredAlone;
