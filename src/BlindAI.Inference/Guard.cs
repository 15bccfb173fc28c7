using System.Runtime.CompilerServices;

namespace BlindAI.Inference;

/// <summary>Keeps options in their ranges: a wrong value stops the server before it listens.</summary>
internal static class Guard
{
    /// <exception cref="ArgumentOutOfRangeException">The value is outside the range.</exception>
    public static T InRange<T>(T value, T least, T most, [CallerMemberName] string name = "")
        where T : IComparable<T> =>
        value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
}
