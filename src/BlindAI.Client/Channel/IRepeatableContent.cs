namespace BlindAI.Client.Channel;

/// <summary>Marks a body that can be sent again from its beginning. What came from a stream of the caller's is gone once it was read.</summary>
internal interface IRepeatableContent;
