namespace BlindAI.Protocol.Configuration;

/// <summary>The server's configuration is wrong; it does not start. Usage, not a code: the operator reads the message.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
