using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>The values of the SHA-256 registers 0 to 23 of a TPM, as they travel beside its quote: nothing of them is believed before the quote's digest names them.</summary>
/// <remarks>Source: docs/attestation.md, clause 14. A JSON array of 24 texts of 64 lower-case hexadecimal digits.</remarks>
public sealed class PcrValues
{
    /// <summary>Registers of a PC's TPM.</summary>
    public const int Count = 24;

    /// <summary>Most bytes of the JSON. One that is written without blanks has 1609.</summary>
    public const int MaxLength = 16 * 1024;

    private readonly HexValue[] _values;

    /// <summary>Takes the values of registers 0 to 23, 32 bytes each.</summary>
    /// <exception cref="ArgumentException">Another count or size.</exception>
    public PcrValues(IReadOnlyList<HexValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count != Count || values.Any(value => value.Bytes.Length != SHA256.HashSizeInBytes))
        {
            throw new ArgumentException($"There must be {Count} values of {SHA256.HashSizeInBytes} bytes.", nameof(values));
        }

        _values = [.. values];
    }

    /// <summary>The value of a register, 0 to 23.</summary>
    public HexValue this[int register] => _values[register];

    /// <summary>Reads the JSON.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public static PcrValues Parse(ReadOnlyMemory<byte> utf8)
    {
        Reject.Unless(utf8.Length <= MaxLength, RejectionCode.TooLarge, $"The register values have {utf8.Length} bytes; the limit is {MaxLength}.");
        try
        {
            var reader = new Utf8JsonReader(utf8.Span, new JsonReaderOptions { MaxDepth = 1 });
            Reject.Unless(reader.Read() && reader.TokenType == JsonTokenType.StartArray, RejectionCode.EncodingInvalid, "The register values are not a JSON array.");
            var values = new List<HexValue>(Count);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Reject.Unless(values.Count < Count, RejectionCode.TooLarge, $"There are more than {Count} register values.");
                values.Add(ReadValue(reader, values.Count));
            }

            Reject.Unless(values.Count == Count, RejectionCode.MemberMissing, $"There are {values.Count} register values, not {Count}.");
            Reject.Unless(!reader.Read(), RejectionCode.TrailingBytes, "Bytes follow the register values.");
            return new(values);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The register values are not well-formed JSON.", innerException: exception);
        }
    }

    /// <summary>Writes the JSON.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var value in _values)
            {
                writer.WriteStringValue(value.ToString());
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>SHA-256 of the selected values in the order of their registers: the digest that a TPM quotes.</summary>
    public byte[] DigestOf(TpmPcrSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var register = 0; register < Count; register++)
        {
            if (selection.Selects(register))
            {
                hash.AppendData(_values[register].Bytes);
            }
        }

        return hash.GetHashAndReset();
    }

    private static HexValue ReadValue(Utf8JsonReader reader, int register)
    {
        var value = reader.TokenType == JsonTokenType.String ? HexValue.TryParse(reader.GetString()!) : null;
        Reject.Unless(value is not null, RejectionCode.EncodingInvalid, $"The value of register {register} is not lower-case hexadecimal.");
        Reject.Unless(value.Bytes.Length == SHA256.HashSizeInBytes, RejectionCode.ValueInvalid, $"The value of register {register} has {value.Bytes.Length} bytes, not {SHA256.HashSizeInBytes}.");
        return value;
    }
}
