using System.Text;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>One <c>--input name=VALUE</c>: an .npy file, a .json file or JSON in place.</summary>
internal sealed record InputArgument(string Name, string Value)
{
    /// <summary>Most bytes of a JSON file: what servers take in a request by default. Larger tensors belong in .npy files.</summary>
    public const int MaxJsonBytes = 64 * 1024 * 1024;

    /// <summary>Most bytes of an .npy file: the largest request that a server can be configured to take.</summary>
    public static int MaxNpyBytes => Array.MaxLength;

    /// <summary>Reads the arguments; a name comes once.</summary>
    /// <exception cref="UsageException">One is not <c>name=VALUE</c>, or a name comes twice.</exception>
    public static IReadOnlyList<InputArgument> ParseAll(IReadOnlyList<string> arguments)
    {
        var inputs = arguments.Select(Parse).ToList();
        return inputs.GroupBy(input => input.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { Key: var twice }
            ? throw new UsageException($"The input \"{twice}\" is given twice.")
            : inputs;
    }

    /// <summary>Reads the tensor.</summary>
    /// <param name="describe">Fetches what the model takes; called only where the value does not say it.</param>
    /// <exception cref="UsageException">The file cannot be read or is too large.</exception>
    /// <exception cref="ServingException">The contents are no tensor, or not one of the model's.</exception>
    public async Task<Tensor> ReadAsync(Func<Task<ModelMetadata>> describe)
    {
        if (IsNpy)
        {
            return NpyFile.Read(LocalFile.Read(Value, MaxNpyBytes));
        }

        using var json = new JsonInput(Name, IsInline ? Encoding.UTF8.GetBytes(Value) : LocalFile.Read(Value, MaxJsonBytes));
        return json.ToTensor(json.NeedsDescription ? Find(await describe()) : null);
    }

    private bool IsNpy => Value.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) && !IsInline;

    private bool IsInline => Value.AsSpan().TrimStart() is ['[' or '{', ..];

    private static InputArgument Parse(string argument)
    {
        var separator = argument.IndexOf('=', StringComparison.Ordinal);
        var input = separator > 0 ? new InputArgument(argument[..separator], argument[(separator + 1)..]) : null;
        return input is not null && (input.IsInline || input.IsNpy || input.Value.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            ? input
            : throw new UsageException("An --input is not name=FILE.npy, name=FILE.json or name='[..]'.", "such as --input features=row.npy or --input features='[[1.5, 2]]'.");
    }

    private TensorDescription Find(ModelMetadata model) => model.Inputs.FirstOrDefault(input => input.Name == Name)
        ?? throw new ServingException(ServingCode.TensorUnknown, $"The model has no input \"{Name}\".", $"it has {string.Join(", ", model.Inputs.Select(input => input.Name))}.");
}
