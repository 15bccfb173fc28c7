using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Bench.Engine.Server;

/// <summary>The least that a server on Kestrel can do with a request: every byte goes into memory that a model could read, and eight come back.</summary>
internal static class SinkBody
{
    private const int MaxBytes = 16 << 20;

    private static readonly ConcurrentBag<byte[]> Buffers = [];

    private static readonly byte[] Answer = new byte[8];

    public static async Task AnswerAsync(HttpContext context)
    {
        if (!Buffers.TryTake(out var buffer))
        {
            buffer = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
        }

        var reader = context.Request.BodyReader;
        var length = 0;
        while (true)
        {
            var result = await reader.ReadAsync(context.RequestAborted);
            result.Buffer.CopyTo(buffer.AsSpan(length));
            length += (int)result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        Buffers.Add(buffer);
        context.Response.ContentLength = Answer.Length;
        await context.Response.BodyWriter.WriteAsync(Answer, context.RequestAborted);
    }
}
