using System.Globalization;

namespace TrainCreditForest;

/// <summary>The Statlog German Credit data: its columns and its reader.</summary>
/// <remarks>Source: UCI Statlog (German Credit Data), Hans Hofmann, 1994, CC BY 4.0; german.doc, section 7.</remarks>
public static class GermanCredit
{
    /// <summary>The twenty attributes in the order of the file; the class column follows them.</summary>
    public static IReadOnlyList<CreditAttribute> Attributes { get; } =
    [
        new("STATUS_ACCOUNT", "checking account",
            ("A11", "below 0 DM"), ("A12", "0 to 200 DM"), ("A13", "200 DM or more, or salary paid in for a year"), ("A14", "none")),
        new("DURATION_MONTHS", "months of credit"),
        new("CREDIT_HISTORY", "credit history",
            ("A30", "no credits taken, or all paid back duly"), ("A31", "all credits at this bank paid back duly"),
            ("A32", "existing credits paid back duly till now"), ("A33", "delay in paying off in the past"),
            ("A34", "critical account, or credits at other banks")),
        new("PURPOSE", "purpose",
            ("A40", "new car"), ("A41", "used car"), ("A42", "furniture or equipment"), ("A43", "radio or television"), ("A44", "domestic appliances"),
            ("A45", "repairs"), ("A46", "education"), ("A47", "vacation"), ("A48", "retraining"), ("A49", "business"), ("A410", "other")),
        new("AMOUNT", "amount in DM"),
        new("BONDS", "savings",
            ("A61", "below 100 DM"), ("A62", "100 to 500 DM"), ("A63", "500 to 1000 DM"), ("A64", "1000 DM or more"), ("A65", "unknown or none")),
        new("EMPLOYMENT", "present employment",
            ("A71", "unemployed"), ("A72", "less than 1 year"), ("A73", "1 to 4 years"), ("A74", "4 to 7 years"), ("A75", "7 years or more")),
        new("INSTALLMENT_RATE", "instalment as percentage class of income"),
        new("PERSONAL_STATUS_AND_SEX", "personal status and sex",
            ("A91", "male, divorced or separated"), ("A92", "female, divorced, separated or married"), ("A93", "male, single"),
            ("A94", "male, married or widowed"), ("A95", "female, single")),
        new("OTHER_DEBTORS", "other debtors", ("A101", "none"), ("A102", "co-applicant"), ("A103", "guarantor")),
        new("PRESENT_RESIDENCE_SINCE", "years at present residence"),
        new("PROPERTY", "property",
            ("A121", "real estate"), ("A122", "building society savings or life insurance"), ("A123", "car or other"), ("A124", "unknown or none")),
        new("AGE", "age in years"),
        new("INSTALLMENT_PLANS", "other instalment plans", ("A141", "bank"), ("A142", "stores"), ("A143", "none")),
        new("HOUSING", "housing", ("A151", "rented"), ("A152", "owned"), ("A153", "free of charge")),
        new("NUMBER_OF_CREDIT_CARDS", "existing credits at this bank"),
        new("JOB", "job",
            ("A171", "unemployed, or unskilled and not resident"), ("A172", "unskilled, resident"), ("A173", "skilled employee or official"),
            ("A174", "management, self-employed, highly qualified or officer")),
        new("LIABLE_PEOPLE", "people to maintain"),
        new("TELEPHONE", "telephone", ("A191", "none"), ("A192", "registered under own name")),
        new("FOREIGN", "foreign worker", ("A201", "yes"), ("A202", "no")),
    ];

    /// <summary>Reads german.data: a header, then twenty values and the class (1 good, 0 bad), separated by white space.</summary>
    /// <exception cref="InvalidDataException">A row, a code or the header is not what german.doc describes.</exception>
    public static IReadOnlyList<Applicant> Read(string path)
    {
        var lines = File.ReadAllLines(path).Where(line => line.Length > 0).Select(line => line.Split(' ')).ToList();
        if (!lines[0].SequenceEqual([.. Attributes.Select(attribute => attribute.Name), "CLASSIFICATION"]))
        {
            throw new InvalidDataException($"{path} does not have the expected header.");
        }

        return [.. lines.Skip(1).Select(ReadRow)];
    }

    private static Applicant ReadRow(string[] cells, int index)
    {
        var isSound = cells.Length == Attributes.Count + 1 && cells[^1] is "0" or "1" && Attributes.Zip(cells).All(Fits);
        return isSound
            ? new Applicant(index + 1, cells[..^1], cells[^1] == "0")
            : throw new InvalidDataException($"Row {index + 1} is not twenty known values and a class.");
    }

    private static bool Fits((CreditAttribute Attribute, string Value) cell) => cell.Attribute.IsNumeric
        ? int.TryParse(cell.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        : cell.Attribute.Codes.Any(code => code.Code == cell.Value);
}
