using BlindAI.Protocol;

namespace BlindAI.Inference.Engines;

/// <summary>The functions of a model, which ONNX Runtime replaces by their bodies: none may call itself, nor grow without bound when expanded.</summary>
internal sealed class OnnxFunctions
{
    private const int MaxCallDepth = 64;

    // Eight functions that each call the next ten times are ten million nodes in a few hundred bytes.
    private const long MaxExpandedNodes = 1_000_000;

    private readonly Dictionary<(string Domain, string Name), OnnxFunction> _functions = [];
    private readonly OnnxFunction _graph = new();
    private readonly HashSet<(string Domain, string Name)> _foreignCalls = [];
    private int _opened;

    /// <summary>Begins a function.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: there are too many.</exception>
    public OnnxFunction Open(int most) => ++_opened <= most
        ? new OnnxFunction()
        : throw new ServingException(ServingCode.ModelUnsupported, $"The model has more than {most} functions.");

    /// <summary>Ends a function under its name.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: the name is taken (overloads are not supported).</exception>
    public void Close(OnnxFunction function, string domain, string name)
    {
        if (!_functions.TryAdd((domain, name), function))
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The model defines a function twice.");
        }
    }

    /// <summary>Notes a node of the graph (no caller) or of a function.</summary>
    public void AddCall(OnnxFunction? caller, string domain, string name, bool isForeign)
    {
        caller ??= _graph;
        caller.Nodes++;
        caller.Calls[(domain, name)] = caller.Calls.GetValueOrDefault((domain, name)) + 1;
        if (isForeign)
        {
            _ = _foreignCalls.Add((domain, name));
        }
    }

    /// <summary>Whether a function of that domain exists.</summary>
    public bool HasDomain(string domain) => _functions.Keys.Any(key => key.Domain == domain);

    /// <summary>Checks what all of them say together.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>.</exception>
    public void Check()
    {
        foreach (var call in _foreignCalls)
        {
            if (!_functions.ContainsKey(call) && HasDomain(call.Domain))
            {
                throw new ServingException(ServingCode.ModelUnsupported, "The model calls a function that it does not define.");
            }
        }

        _ = Expand(_graph, depth: 0);
        foreach (var function in _functions.Values)
        {
            _ = Expand(function, depth: 0);
        }
    }

    private long Expand(OnnxFunction function, int depth)
    {
        if (function.Expanded is { } known)
        {
            return known;
        }

        if (depth > MaxCallDepth)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The functions of the model call each other in circles, or deeper than {MaxCallDepth}.");
        }

        var nodes = function.Nodes;
        foreach (var (name, count) in function.Calls)
        {
            if (_functions.TryGetValue(name, out var callee))
            {
                nodes += count * Expand(callee, depth + 1);
            }

            if (nodes > MaxExpandedNodes)
            {
                throw new ServingException(ServingCode.ModelUnsupported, $"The functions of the model expand to more than {MaxExpandedNodes} nodes.");
            }
        }

        function.Expanded = nodes;
        return nodes;
    }
}
