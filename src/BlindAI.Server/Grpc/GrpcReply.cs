using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using BlindAI.Protocol;
using BlindAI.Protocol.Grpc;
using BlindAI.Server.Endpoints;
using Grpc.Core;

namespace BlindAI.Server.Grpc;

/// <summary>Writes an inference answer as one gRPC message, from the memory in which the engine left the outputs, in slices.</summary>
/// <remarks>
/// A serialiser of the library's writes a message whole before anything is sent, which would hold it once more for as long as the peer likes. So inference is declared as
/// a stream of one answer, the same on the wire, and its message is written here: five bytes of head (gRPC over HTTP/2, Length-Prefixed-Message), then the protobuf.
/// </remarks>
internal static class GrpcReply
{
    private const int MessageHeadLength = 5;

    /// <summary>Writes the answer. What is small is sent by whoever flushes next: the end of the call, or the stream.</summary>
    public static async Task WriteAsync(ServerCallContext call, GrpcInferenceResponseEncoder answer)
    {
        var context = call.GetHttpContext();
        await context.Response.StartAsync(call.CancellationToken);
        var writer = context.Response.BodyWriter;
        WriteHead(writer, answer.Length);
        writer.Write(answer.Head.Span);
        if (answer.Length <= AnswerSlices.Length)
        {
            foreach (var section in answer.Sections)
            {
                GrpcInferenceResponseEncoder.WriteSectionHeader(writer, section);
                writer.Write(section.Span);
            }

            return;
        }

        await GuardAsync(call, async stalled =>
        {
            foreach (var section in answer.Sections)
            {
                GrpcInferenceResponseEncoder.WriteSectionHeader(writer, section);
                await WriteAsync(writer, section, stalled);
            }
        });
    }

    /// <summary>Writes an encoded message.</summary>
    public static async Task WriteEncodedAsync(ServerCallContext call, ReadOnlyMemory<byte> message)
    {
        var context = call.GetHttpContext();
        await context.Response.StartAsync(call.CancellationToken);
        WriteHead(context.Response.BodyWriter, message.Length);
        context.Response.BodyWriter.Write(message.Span);
    }

    /// <summary>Sends what was written, within the time of one slice.</summary>
    public static Task FlushAsync(ServerCallContext call) => GuardAsync(call, async stalled =>
    {
        stalled.CancelAfter(AnswerSlices.Timeout);
        await call.GetHttpContext().Response.BodyWriter.FlushAsync(stalled.Token);
    });

    private static void WriteHead(PipeWriter writer, int length)
    {
        var head = writer.GetSpan(MessageHeadLength);
        head[0] = 0;                                        // not compressed
        BinaryPrimitives.WriteInt32BigEndian(head[1..], length);
        writer.Advance(MessageHeadLength);
    }

    private static async Task WriteAsync(PipeWriter writer, ReadOnlyMemory<byte> bytes, CancellationTokenSource stalled)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(AnswerSlices.Length, bytes.Length)..])
        {
            stalled.CancelAfter(AnswerSlices.Timeout);
            await writer.WriteAsync(bytes[..Math.Min(AnswerSlices.Length, bytes.Length)], stalled.Token);
        }
    }

    // Nothing may follow half a message, a status least of all: it would look like an answer.
    private static async Task GuardAsync(ServerCallContext call, Func<CancellationTokenSource, Task> write)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        try
        {
            await write(stalled);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            call.GetHttpContext().Abort();
            throw new ServingException(ServingCode.DeadlineExceeded, "The caller does not read the answer.");
        }
    }
}
