using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Protocol.Gate;
using BlindAI.Server.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace BlindAI.Server.Hosting;

/// <summary>Proves a connection that asks for it, before HTTP begins on it. What begins otherwise is HTTP's, untouched.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 9. It stands between TLS and HTTP, so it serves HTTP/1.1, HTTP/2 and what travels in them alike.</remarks>
internal sealed class AttestationGate(EvidenceSource evidence, EnclaveIdentity identity, ServerMetrics metrics, TimeProvider clock, ILogger<AttestationGate> logger)
{
    /// <summary>Longest time for a preface to arrive.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The same when many are awaited: who is really there sends 42 bytes with his first packet.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(1);

    /// <summary>From how many awaited prefaces on patience is short.</summary>
    private const int ManyAwaited = 1024;

    private int _awaited;

    /// <summary>Runs one connection through the gate.</summary>
    public async Task PassAsync(ConnectionContext connection, ConnectionDelegate http)
    {
        GateRequest? request;
        try
        {
            request = await ReceiveAsync(connection);
            if (request is not null)
            {
                await SendAsync(connection, GateAnswer.Grant(await ProveAsync(connection, request)));
            }
        }
        catch (Exception exception) when (exception is ServingException or AttestationException)
        {
            await RefuseAsync(connection, exception);
            return;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // The client went away, or sent half a preface and no more.
            connection.Abort(new ConnectionAbortedException("The preface did not arrive."));
            return;
        }

        if (request is not null)
        {
            connection.Features.Set(ProvedConnection.Instance);
            metrics.ConnectionProved();
        }

        await http(connection);
    }

    /// <summary>The preface; null when HTTP begins instead. Nothing that is HTTP's is consumed.</summary>
    private async Task<GateRequest?> ReceiveAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        var isCrowded = Interlocked.Increment(ref _awaited) > ManyAwaited;
        try
        {
            using var limit = new CancellationTokenSource(isCrowded ? ShortPatience : Patience, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed);
            for (var isSilent = true; ; isSilent = false)
            {
                ReadResult read;
                try
                {
                    read = await input.ReadAsync(either.Token);
                }
                catch (OperationCanceledException) when (isSilent && !connection.ConnectionClosed.IsCancellationRequested)
                {
                    // HTTP has its own patience with a connection that says nothing.
                    return null;
                }

                var bytes = read.Buffer;
                var isPreface = GateRequest.IsBegunBy(bytes);
                if (isPreface == false || (read.IsCompleted && bytes.IsEmpty))
                {
                    input.AdvanceTo(bytes.Start);
                    return null;
                }

                var end = bytes.Start;
                GateRequest? request;
                try
                {
                    request = isPreface == true ? GateRequest.TryRead(bytes, out end) : null;
                }
                catch (ServingException)
                {
                    input.AdvanceTo(bytes.End);
                    throw;
                }

                if (request is not null)
                {
                    input.AdvanceTo(end);
                    return request;
                }

                input.AdvanceTo(bytes.Start, bytes.End);
                if (read.IsCompleted)
                {
                    throw new IOException("The connection ended within the preface.");
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _awaited);
        }
    }

    private async Task<byte[]> ProveAsync(ConnectionContext connection, GateRequest request)
    {
        var binder = request.WantsBinder ? OwnEnd.TakeBinder(connection.Features) : null;
        if (request.VerifiedClaims is { } claims)
        {
            return identity.SignConnection(request.Nonce, binder, claims);
        }

        var caller = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var value = await evidence.ProveAsync(request.Nonce, binder, caller, connection.ConnectionClosed);
        metrics.EvidenceMade();
        return EvidenceObjectCbor.Encode(value);
    }

    private async Task RefuseAsync(ConnectionContext connection, Exception exception)
    {
        var (code, hint) = exception switch
        {
            ServingException serving => ((int)serving.Code, serving.Hint),
            AttestationException attestation => ((int)attestation.Code, attestation.Hint),
            _ => ((int)RejectionCode.Internal, null),
        };
        metrics.RequestRefused(code);
        ServerLog.RequestRefused(logger, code);
        using var error = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(error))
        {
            new ErrorBody(exception.Message, code, hint).Write(writer);
        }

        try
        {
            await SendAsync(connection, GateAnswer.Refuse(error.ToArray()));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            connection.Abort(new ConnectionAbortedException("The refusal was not read."));
        }
    }

    private static async Task SendAsync(ConnectionContext connection, byte[] answer) => await connection.Transport.Output.WriteAsync(answer, connection.ConnectionClosed);
}
