using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using BlindAI.Testing;

namespace BlindAI.Architecture.Tests;

/// <summary>An assembly of src/ as it was compiled: its references, types and calls, read from metadata without loading it.</summary>
internal sealed class CompiledAssembly : IDisposable
{
    private readonly PEReader _file;

    private readonly MetadataReader _metadata;

    private CompiledAssembly(string project, string path)
    {
        Project = project;
        _file = new PEReader(ImmutableArray.Create(File.ReadAllBytes(path)));
        _metadata = _file.GetMetadataReader();
    }

    public string Project { get; }

    public IEnumerable<string> References => _metadata.AssemblyReferences.Select(handle => Text(_metadata.GetAssemblyReference(handle).Name));

    /// <summary>Full names of the types written here, without those that the compiler made.</summary>
    public IEnumerable<string> Types => _metadata.TypeDefinitions.Select(FullName).Where(name => !name.Contains('<', StringComparison.Ordinal));

    /// <summary>Opens what was built of a project, in the configuration of these tests.</summary>
    public static CompiledAssembly Open(string project)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var name = project switch { "BlindAI.Server" => "blindai-server", "BlindAI.Cli" => "blindai", _ => project };
        return new(project, RepositoryRoot.Combine("artifacts", "bin", project, configuration, name + ".dll"));
    }

    /// <summary>Every project under src/.</summary>
    public static IReadOnlyList<string> Projects => [.. Directory.EnumerateDirectories(RepositoryRoot.Combine("src")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    /// <summary>Where each member of another type is used: the user's full name and the member as <c>Namespace.Type.Member</c>.</summary>
    public IEnumerable<(string User, string Member)> Uses()
    {
        foreach (var handle in _metadata.MethodDefinitions)
        {
            var method = _metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress != 0)
            {
                var user = Outermost(method.GetDeclaringType());
                foreach (var token in Tokens(_file.GetMethodBody(method.RelativeVirtualAddress).GetILReader()))
                {
                    if (Member(MetadataTokens.EntityHandle(token)) is { } member)
                    {
                        yield return (user, member);
                    }
                }
            }
        }
    }

    public void Dispose() => _file.Dispose();

    // Source: ECMA-335, III.1.9. Instructions are walked so that no operand is taken for one.
    private static List<int> Tokens(BlobReader il)
    {
        var tokens = new List<int>();
        while (il.RemainingBytes > 0)
        {
            var first = il.ReadByte();
            var code = first == 0xFE ? OpCodeTable.TwoBytes[il.ReadByte()] : OpCodeTable.OneByte[first];
            switch (code.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    tokens.Add(il.ReadInt32());
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    il.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.Offset += 8;
                    break;
                default:
                    il.Offset += 4;
                    break;
            }
        }

        return tokens;
    }

    private string? Member(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.MemberReference when _metadata.GetMemberReference((MemberReferenceHandle)handle) is var member => $"{Member(member.Parent)}.{Text(member.Name)}",
        HandleKind.MethodSpecification => Member(_metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method),
        HandleKind.MethodDefinition when _metadata.GetMethodDefinition((MethodDefinitionHandle)handle) is var method => $"{FullName(method.GetDeclaringType())}.{Text(method.Name)}",
        HandleKind.FieldDefinition when _metadata.GetFieldDefinition((FieldDefinitionHandle)handle) is var field => $"{FullName(field.GetDeclaringType())}.{Text(field.Name)}",
        HandleKind.TypeDefinition => FullName((TypeDefinitionHandle)handle),
        HandleKind.TypeReference when _metadata.GetTypeReference((TypeReferenceHandle)handle) is var type => $"{Text(type.Namespace)}.{Text(type.Name)}",
        // A generic instance: the name that these rules ask for is never generic.
        _ => null,
    };

    private string FullName(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{FullName(outer)}.{Text(type.Name)}"
            : type.Namespace.IsNil ? Text(type.Name) : $"{Text(type.Namespace)}.{Text(type.Name)}";
    }

    // Lambdas, iterators and async methods are compiled into nested types: their code belongs to whom they are nested in.
    private string Outermost(TypeDefinitionHandle handle)
    {
        while (_metadata.GetTypeDefinition(handle).GetDeclaringType() is { IsNil: false } outer)
        {
            handle = outer;
        }

        return FullName(handle);
    }

    private string Text(StringHandle handle) => _metadata.GetString(handle);

    private static class OpCodeTable
    {
        public static readonly OpCode[] OneByte = new OpCode[256];

        public static readonly OpCode[] TwoBytes = new OpCode[256];

        static OpCodeTable()
        {
            foreach (var field in typeof(OpCodes).GetFields())
            {
                var code = (OpCode)field.GetValue(null)!;
                (code.Size == 1 ? OneByte : TwoBytes)[code.Value & 0xFF] = code;
            }
        }
    }
}
