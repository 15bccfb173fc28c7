using System.Security.Cryptography;
using BlindAI.Protocol;

namespace BlindAI.Inference.Precision;

/// <summary>A file in the making: parts of another, byte for byte, and new ones between them. Nothing large is copied before the end.</summary>
internal sealed class PieceList(byte[] source)
{
    private readonly List<(int Start, int Length, object? New)> _pieces = [];

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Appends a part of the source.</summary>
    public void Keep(int start, int end)
    {
        if (_pieces is [.., { New: null } last] && last.Start + last.Length == start)
        {
            _pieces[^1] = last with { Length = end - last.Start };
        }
        else if (end > start)
        {
            _pieces.Add((start, end - start, null));
        }

        Length += end - start;
    }

    /// <summary>Appends new bytes.</summary>
    public void Add(byte[] bytes)
    {
        _pieces.Add((0, bytes.Length, bytes));
        Length += bytes.Length;
    }

    /// <summary>Appends the integers of a matrix.</summary>
    public void Add(Int8Matrix matrix)
    {
        _pieces.Add((0, matrix.Length, matrix));
        Length += matrix.Length;
    }

    /// <summary>Appends another list of the same source.</summary>
    public void Add(PieceList other)
    {
        _pieces.AddRange(other._pieces);
        Length += other.Length;
    }

    /// <summary>Writes it all, pinned as everything is that ONNX Runtime reads.</summary>
    /// <param name="most">Bytes that are not worth it any more.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: it would be as many.</exception>
    public (byte[] Bytes, string Sha256) Write(long most)
    {
        if (Length >= Math.Min(most, Array.MaxLength))
        {
            throw new ServingException(ServingCode.ModelUnsupported, "The int8 form of the model would be no smaller than the model.", "upload it with precision=as-uploaded.");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)Length, pinned: true);
        var rest = bytes.AsSpan();
        foreach (var (start, length, added) in _pieces)
        {
            switch (added)
            {
                case null:
                    source.AsSpan(start, length).CopyTo(rest);
                    break;
                case byte[] piece:
                    piece.CopyTo(rest);
                    break;
                case Int8Matrix matrix:
                    matrix.Write(rest[..length]);
                    break;
            }

            rest = rest[length..];
        }

        return (bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
