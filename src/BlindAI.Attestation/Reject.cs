using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace BlindAI.Attestation;

/// <summary>One line per step of a trust argument: hold, or refuse with a code.</summary>
internal static class Reject
{
    /// <exception cref="AttestationException"><paramref name="condition"/> does not hold.</exception>
    public static void Unless([DoesNotReturnIf(false)] bool condition, RejectionCode code, string message, string? hint = null)
    {
        if (!condition)
        {
            throw new AttestationException(code, message, hint);
        }
    }

    /// <summary>The same; the message is put together only where it is needed.</summary>
    /// <exception cref="AttestationException"><paramref name="condition"/> does not hold.</exception>
    public static void Unless([DoesNotReturnIf(false)] bool condition, RejectionCode code, [InterpolatedStringHandlerArgument(nameof(condition))] ref Message message, string? hint = null)
    {
        if (!condition)
        {
            throw new AttestationException(code, message.ToStringAndClear(), hint);
        }
    }

    /// <summary>An interpolated message that formats nothing while the condition holds.</summary>
    [InterpolatedStringHandler]
    [SuppressMessage("Performance", "CA1815", Justification = "Made by the compiler and never compared.")]
    public ref struct Message
    {
        private DefaultInterpolatedStringHandler _inner;

        public Message(int literalLength, int formattedCount, bool condition, out bool shouldAppend)
        {
            shouldAppend = !condition;
            _inner = condition ? default : new(literalLength, formattedCount, System.Globalization.CultureInfo.InvariantCulture);
        }

        public void AppendLiteral(string value) => _inner.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

        public void AppendFormatted<T>(T value, string? format) => _inner.AppendFormatted(value, format);

        public string ToStringAndClear() => _inner.ToStringAndClear();
    }
}
