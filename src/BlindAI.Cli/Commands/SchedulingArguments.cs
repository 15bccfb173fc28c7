using System.CommandLine;
using BlindAI.Client.Models;

namespace BlindAI.Cli.Commands;

/// <summary>The arguments of an upload that say how a model is scheduled.</summary>
internal sealed class SchedulingArguments
{
    private const int MaxBatchSize = 1024;

    private readonly Option<double?> _maxBatchSize = Number("--max-batch-size", "Most rows of a batch; 0 switches batching off (default: measured).", 0, MaxBatchSize);

    private readonly Option<int[]> _preferredBatchSizes = new("--preferred-batch-size")
    {
        Description = "Sizes that a batch should have.",
        HelpName = "N",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<double?> _maxQueueDelay = Number("--max-queue-delay-us", "Microseconds that a request waits for others to join it (default: 0).", 0, 1_000_000);

    private readonly Option<double?> _priorityLevels = Number("--priority-levels", "Priority levels, 1 the highest (default: 0, none).", 0, 16);

    private readonly Option<double?> _defaultPriority = Number("--default-priority", "The level of requests that name none (default: the middle one).", 1, 16);

    private readonly Option<double?> _threads = Number("--threads", "Threads inside one run: more for the latency of one caller (default: 1).", 1, 256);

    public SchedulingArguments(Command command)
    {
        command.Add(_maxBatchSize);
        command.Add(_preferredBatchSizes);
        command.Add(_maxQueueDelay);
        command.Add(_priorityLevels);
        command.Add(_defaultPriority);
        command.Add(_threads);
    }

    public SchedulingOptions Read(ParseResult arguments) => new()
    {
        MaxBatchSize = (int?)arguments.GetValue(_maxBatchSize),
        PreferredBatchSizes = arguments.GetValue(_preferredBatchSizes),
        MaxQueueDelay = arguments.GetValue(_maxQueueDelay) is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : null,
        PriorityLevels = (int?)arguments.GetValue(_priorityLevels),
        DefaultPriorityLevel = (int?)arguments.GetValue(_defaultPriority),
        IntraOpThreads = (int?)arguments.GetValue(_threads),
    };

    private static Option<double?> Number(string name, string description, int least, int most) => ModelArguments.Number(name, "N", description, least, most, isWhole: true);
}
