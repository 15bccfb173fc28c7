using System.Text.Json;

namespace BlindAI.Protocol.Configuration;

/// <summary>Configuration as flat keys such as <c>Listen:Url</c>, gathered from file, environment and command line; the later wins.</summary>
/// <remarks>Keys compare without case, as operators expect of .NET configuration. Source: docs/configuration.md.</remarks>
public sealed class ConfigurationEntries
{
    /// <summary>What an environment variable must begin with; it must also contain <c>__</c>, so that <c>BLINDAI_URL</c> is none of ours.</summary>
    public const string EnvironmentPrefix = "BLINDAI_";

    private readonly Dictionary<string, (string Value, string Source)> _entries = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The keys and where each came from.</summary>
    public IEnumerable<(string Key, string Source)> Keys => _entries.Select(entry => (entry.Key, entry.Value.Source));

    /// <summary>The value of a key; null when nothing sets it.</summary>
    public string? this[string key] => _entries.TryGetValue(key, out var entry) ? entry.Value : null;

    /// <summary>Adds a JSON file; comments and trailing commas are allowed, nulls and lists are not.</summary>
    /// <exception cref="ConfigurationException">The file is not such JSON.</exception>
    public void AddJson(ReadOnlySpan<byte> utf8, string source)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 });
            using var document = JsonDocument.ParseValue(ref reader);
            if (reader.Read() || document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ConfigurationException($"{source} is not one JSON object.");
            }

            Flatten(document.RootElement, "", source);
        }
        catch (JsonException exception)
        {
            throw new ConfigurationException($"{source} is not well-formed JSON at line {exception.LineNumber + 1}.");
        }
        catch (InvalidOperationException)
        {
            throw new ConfigurationException($"{source} has text that is not valid UTF-8, or half of a surrogate pair.");
        }
    }

    /// <summary>Adds the variables named <c>BLINDAI_Section__Key</c>.</summary>
    public void AddEnvironment(IEnumerable<(string Name, string Value)> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        foreach (var (name, value) in variables)
        {
            if (name.StartsWith(EnvironmentPrefix, StringComparison.Ordinal) && name.Contains("__", StringComparison.Ordinal))
            {
                _entries[name[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal)] = (value, $"the environment variable {name}");
            }
        }
    }

    /// <summary>Adds one setting of the command line, such as <c>Listen:Url=https://127.0.0.1:0</c>.</summary>
    /// <exception cref="ConfigurationException">It has no <c>=</c>.</exception>
    public void AddCommandLine(string argument)
    {
        ArgumentNullException.ThrowIfNull(argument);
        var parts = argument.Split('=', 2);
        if (parts.Length != 2)
        {
            throw new ConfigurationException($"\"--{argument}\" is neither a switch nor --Section:Key=value.");
        }

        _entries[parts[0]] = (parts[1], "the command line");
    }

    private void Flatten(JsonElement element, string path, string source)
    {
        foreach (var member in element.EnumerateObject())
        {
            var key = path.Length == 0 ? member.Name : $"{path}:{member.Name}";
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Flatten(member.Value, key, source);
                    break;
                case JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    if (!_entries.TryAdd(key, (member.Value.ToString(), source)))
                    {
                        throw new ConfigurationException($"{source} sets {key} twice.");
                    }

                    break;
                default:
                    throw new ConfigurationException($"{source}: {key} is neither text, number, boolean nor section.");
            }
        }
    }
}
