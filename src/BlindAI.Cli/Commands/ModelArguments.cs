using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Commands;

/// <summary>Arguments that several commands about models take.</summary>
internal static class ModelArguments
{
    /// <summary>A model's name.</summary>
    public static Argument<string> Name() => new("name") { Description = "The model's name.", HelpName = "NAME" };

    /// <summary>A version: 1 to 2147483647.</summary>
    public static Option<int?> Version(string description) => new("--version")
    {
        Description = description,
        HelpName = "N",
        CustomParser = static result => Parse(result, "a version is 1 to 2147483647, without leading zeros",
            static text => ModelVersion.TryParse(text, out var version) ? version : (int?)null),
    };

    /// <summary>A span of time: a whole number and <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>; seconds without.</summary>
    public static Option<TimeSpan?> TimeToLive() => new("--ttl")
    {
        Description = "How long the model may live, such as 90s, 15m, 2h or 7d (default: until it is deleted).",
        HelpName = "TIME",
        CustomParser = static result => Parse(result, $"a time is a whole number above 0 with s, m, h or d, up to {UploadLimits.MaxTimeToLive.TotalDays}d", ParseTime),
    };

    /// <summary>A number in decimal notation within bounds.</summary>
    public static Option<double?> Number(string name, string helpName, string description, double least, double most, bool isWhole = false) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse(result, string.Create(CultureInfo.InvariantCulture, $"a {(isWhole ? "whole number" : "number")} from {least} to {most} is needed"),
            text => double.TryParse(text, isWhole ? NumberStyles.None : NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : (double?)null),
    };

    private static T? Parse<T>(ArgumentResult result, string rule, Func<string, T?> parse)
        where T : struct
    {
        var value = parse(result.Tokens[0].Value);
        if (value is null)
        {
            result.AddError($"\"{result.Tokens[0].Value}\": {rule}.");
        }

        return value;
    }

    private static TimeSpan? ParseTime(string text)
    {
        var (digits, unit) = text switch
        {
            [.. var number, 's'] => (number, 1L),
            [.. var number, 'm'] => (number, 60L),
            [.. var number, 'h'] => (number, 60L * 60),
            [.. var number, 'd'] => (number, 24L * 60 * 60),
            _ => (text, 1L),
        };
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && count * unit <= UploadLimits.MaxTimeToLive.TotalSeconds
            ? TimeSpan.FromSeconds(count * unit)
            : null;
    }
}
