using System.Globalization;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>What an .npy file says of its array: the text of a Python dictionary with exactly three keys.</summary>
/// <remarks>
/// Source: NumPy, numpy.lib.format: <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</c>. NumPy evaluates the text as Python;
/// this reads the forms that it writes and refuses every other.
/// </remarks>
internal sealed record NpyHeader(string Descriptor, bool IsFortranOrder, TensorShape Shape)
{
    /// <summary>Most bytes of a header. Source: NumPy's own default, <c>max_header_size</c>.</summary>
    public const int MaxLength = 10_000;

    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.ShapeInvalid"/>.</exception>
    public static NpyHeader Parse(string text)
    {
        var cursor = new Cursor(text);
        string? descriptor = null;
        bool? isFortranOrder = null;
        TensorShape? shape = null;
        cursor.Expect('{');
        while (!cursor.Take('}'))
        {
            var key = cursor.ReadString();
            cursor.Expect(':');
            switch (key)
            {
                case "descr" when descriptor is null: descriptor = cursor.ReadString(); break;
                case "fortran_order" when isFortranOrder is null: isFortranOrder = cursor.ReadBoolean(); break;
                case "shape" when shape is null: shape = cursor.ReadShape(); break;
                default: throw Malformed("has a key that is unknown or comes twice");
            }

            if (!cursor.Take(','))
            {
                cursor.Expect('}');
                break;
            }
        }

        cursor.ExpectEnd();
        return descriptor is not null && isFortranOrder is { } order && shape is not null
            ? new(descriptor, order, shape)
            : throw Malformed("lacks \"descr\", \"fortran_order\" or \"shape\"");
    }

    /// <summary>Writes the text as NumPy does.</summary>
    public override string ToString()
    {
        var dimensions = string.Concat(Shape.Select((dimension, index) => (index == 0 ? "" : " ") + dimension.ToString(CultureInfo.InvariantCulture) + ","));
        return $"{{'descr': '{Descriptor}', 'fortran_order': {(IsFortranOrder ? "True" : "False")}, 'shape': ({(Shape.Count > 1 ? dimensions[..^1] : dimensions)}), }}";
    }

    private static ServingException Malformed(string what) =>
        new(ServingCode.RequestMalformed, $"The .npy header {what}.", "write the file with numpy.save, a plain array of numbers or text.");

    private ref struct Cursor(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text;

        /// <summary>Takes a character if it comes next, after spaces.</summary>
        public bool Take(char expected)
        {
            _rest = _rest.TrimStart(' ');
            if (_rest.IsEmpty || _rest[0] != expected)
            {
                return false;
            }

            _rest = _rest[1..];
            return true;
        }

        public void Expect(char expected)
        {
            if (!Take(expected))
            {
                throw Malformed("is not the dictionary that it must be");
            }
        }

        public string ReadString()
        {
            var quote = Take('\'') ? '\'' : Take('"') ? '"' : throw Malformed("has something else where text belongs (arrays of records are not supported)");
            var end = _rest.IndexOf(quote);
            var value = end >= 0 ? _rest[..end].ToString() : throw Malformed("has text without an end");
            _rest = _rest[(end + 1)..];
            return value.Contains('\\', StringComparison.Ordinal) ? throw Malformed("has an escape") : value;
        }

        public bool ReadBoolean()
        {
            _rest = _rest.TrimStart(' ');
            var value = _rest.StartsWith("True", StringComparison.Ordinal);
            if (!value && !_rest.StartsWith("False", StringComparison.Ordinal))
            {
                throw Malformed("has a \"fortran_order\" that is neither True nor False");
            }

            _rest = _rest[(value ? "True" : "False").Length..];
            return value;
        }

        public TensorShape ReadShape()
        {
            var dimensions = new List<long>();
            var endsInComma = false;
            Expect('(');
            while (!Take(')'))
            {
                if (dimensions.Count > TensorShape.MaxRank || (dimensions.Count > 0 && !endsInComma))
                {
                    throw Malformed("has a \"shape\" that is no tuple of numbers");
                }

                _rest = _rest.TrimStart(' ');
                var length = _rest.IndexOfAnyExceptInRange('0', '9');
                dimensions.Add(length > 0 && long.TryParse(_rest[..length], NumberStyles.None, CultureInfo.InvariantCulture, out var dimension)
                    ? dimension
                    : throw Malformed("has a \"shape\" that is no tuple of numbers"));
                _rest = _rest[length..];
                endsInComma = Take(',');
            }

            // (3) is a number in Python, (3,) a tuple.
            return dimensions.Count != 1 || endsInComma ? new([.. dimensions]) : throw Malformed("has a \"shape\" that is no tuple of numbers");
        }

        public readonly void ExpectEnd()
        {
            if (_rest.Trim(" \n").Length > 0)
            {
                throw Malformed("goes on after its dictionary");
            }
        }
    }
}
