namespace BlindAI.Client.Models;

/// <summary>How far an upload has come.</summary>
/// <param name="SentBytes">Bytes that have been handed to the connection.</param>
/// <param name="TotalBytes">Bytes in all; null when the source does not say.</param>
public readonly record struct UploadProgress(long SentBytes, long? TotalBytes);
