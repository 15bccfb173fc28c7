namespace TrainCreditForest;

/// <summary>Where the data are and where the files go.</summary>
public sealed record Arguments(string Data, string Output)
{
    public const string Usage = "usage: TrainCreditForest [--data DIR] [--output DIR]";

    /// <summary>Reads the command line; without <c>--data</c> the data are under BLINDAI_SHARED, else under ../shared.</summary>
    /// <returns>Null when an option is unknown or lacks its value.</returns>
    public static Arguments? Parse(string[] args)
    {
        var shared = Environment.GetEnvironmentVariable("BLINDAI_SHARED") ?? Path.Combine("..", "shared");
        var arguments = new Arguments(Path.Combine(shared, "data", "german-credit"), Path.Combine("examples", "Quickstart"));
        for (var index = 0; index < args.Length; index += 2)
        {
            switch (args[index..])
            {
                case ["--data", var data, ..]:
                    arguments = arguments with { Data = data };
                    break;
                case ["--output", var output, ..]:
                    arguments = arguments with { Output = output };
                    break;
                default:
                    return null;
            }
        }

        return arguments;
    }
}
