using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client.Channel;
using BlindAI.Client.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Client;

/// <summary>A client of one BlindAI server: it verifies the enclave first, then sends to it and to nothing else.</summary>
/// <remarks>
/// Safe for use by many threads. An instance exists only when the enclave has met the policy; the proof is renewed as it ages. Every method throws
/// <see cref="AttestationException"/> when the enclave is refused (nothing was sent) and <see cref="ServingException"/> when a request is not served.
/// </remarks>
public sealed class BlindAIClient : IAsyncDisposable
{
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private readonly IRequestChannel _channel;

    private readonly Uri _server;

    private readonly AttestationPolicy _policy;

    private readonly BlindAIClientOptions _options;

    private BlindAIClient(IRequestChannel channel, Uri server, AttestationPolicy policy, BlindAIClientOptions options)
    {
        _channel = channel;
        _server = server;
        _policy = policy;
        _options = options;
    }

    /// <summary>The enclave that was verified last, and what was proved of it.</summary>
    public VerifiedEnclave Enclave => _channel.Enclave;

    /// <summary>The exchange that was verified last, as it was received: what an auditor needs to verify it again.</summary>
    public EvidenceTranscript Transcript => _channel.Transcript;

    /// <summary>Verifies the server against the policy and connects to it. Until this returns, nothing but a random number has been sent.</summary>
    /// <param name="server">The attested port, such as <c>https://risk.example.org:8443</c>.</param>
    /// <param name="policy">What is accepted.</param>
    /// <param name="options">How to connect; none of it decides what is trusted.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="AttestationException">The server was refused, or gave no evidence.</exception>
    public static async Task<BlindAIClient> ConnectAsync(Uri server, AttestationPolicy policy, BlindAIClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(policy);
        EvidenceExchange.RequireHttps(server);
        options ??= new();
        var exchange = new EvidenceExchange(server, policy, options);
        IRequestChannel channel = options.Channel switch
        {
            ChannelMode.Gated => await GatedChannel.OpenAsync(server, policy, exchange, options, cancellationToken).ConfigureAwait(false),
            ChannelMode.Pinned => await PinnedChannel.OpenAsync(exchange, options, cancellationToken).ConfigureAwait(false),
            ChannelMode.Sealed => await SealedChannel.OpenAsync(server, policy, exchange, options, cancellationToken).ConfigureAwait(false),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Channel, "No such channel mode."),
        };
        return new(channel, server, policy, options);
    }

    /// <summary>Verifies the server again now, whatever the age of the proof.</summary>
    /// <exception cref="AttestationException">The server was refused, or gave no evidence.</exception>
    public Task<VerifiedEnclave> ReattestAsync(CancellationToken cancellationToken = default) => _channel.RenewAsync(cancellationToken);

    /// <summary>Uploads a model from an ONNX file or a bundle folder, streamed from disk.</summary>
    /// <exception cref="ServingException">The 7xx family; <see cref="ServingCode.DigestMismatch"/> when the server received something else.</exception>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ModelNotAccepted"/>: the policy does not accept this model; nothing was sent.</exception>
    public async Task<UploadAnswer> UploadModelAsync(string name, string path, UploadOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var folder = ModelFolder.Open(path);
        var accepted = AcceptedDigests(ModelName.Parse(name));
        if (accepted is not null)
        {
            CheckAccepted(accepted, (await folder.ComputeManifestAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Digest);
        }

        using var content = new BundleContent(folder, options.Progress, cancellationToken);
        var answer = await UploadAsync(name, content, () => content.SentDigest, options, cancellationToken).ConfigureAwait(false);
        if (accepted is not null)
        {
            // The files may have changed between their digest and their sending.
            CheckAccepted(accepted, ModelDigest.Parse(answer.Digest));
        }

        return answer;
    }

    /// <summary>Uploads a model from a stream that holds one ONNX file. The stream is read once and left open.</summary>
    /// <exception cref="ServingException">The 7xx family; <see cref="ServingCode.DigestMismatch"/> when the server received something else.</exception>
    /// <exception cref="AttestationException">
    /// <see cref="RejectionCode.ModelNotAccepted"/>: the policy does not accept this model. A stream's digest is known only after it was sent.
    /// </exception>
    public async Task<UploadAnswer> UploadModelAsync(string name, Stream model, UploadOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new();
        var accepted = AcceptedDigests(ModelName.Parse(name));
        using var content = new StreamedModelContent(model, options.Progress, cancellationToken);
        var answer = await UploadAsync(name, content, () => content.SentDigest, options, cancellationToken).ConfigureAwait(false);
        if (accepted is not null)
        {
            CheckAccepted(accepted, ModelDigest.Parse(answer.Digest));
        }

        return answer;
    }

    /// <summary>Runs a model on one set of inputs.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="inputs">The tensors by name; their memory is sent as it is and must not change meanwhile.</param>
    /// <param name="version">The version; null takes the newest.</param>
    /// <param name="outputs">The outputs to return; null returns all.</param>
    /// <param name="cancellationToken">Ends the request, queued or running.</param>
    /// <exception cref="ServingException">The 7xx family.</exception>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ModelNotAccepted"/>: the policy does not accept this model; nothing was sent.</exception>
    public Task<InferenceResult> RunAsync(
        string model, IReadOnlyDictionary<string, Tensor> inputs, int? version = null, IReadOnlyList<string>? outputs = null, CancellationToken cancellationToken = default) =>
        RunAsync(model, inputs, new RunOptions { Version = version, Outputs = outputs }, cancellationToken);

    /// <inheritdoc cref="RunAsync(string, IReadOnlyDictionary{string, Tensor}, int?, IReadOnlyList{string}?, CancellationToken)"/>
    /// <param name="model">The model's name.</param>
    /// <param name="inputs">The tensors by name; their memory is sent as it is and must not change meanwhile.</param>
    /// <param name="options">Version, outputs, priority and waiting time.</param>
    /// <param name="cancellationToken">Ends the request, queued or running.</param>
    public async Task<InferenceResult> RunAsync(string model, IReadOnlyDictionary<string, Tensor> inputs, RunOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Priority);
        var name = ModelName.Parse(model);
        var accepted = AcceptedDigests(name);
        NamedTensor[] tensors = [.. inputs.Select(input => new NamedTensor(input.Key, input.Value))];
        var header = InferenceRequestEncoder.EncodeHeader(tensors, new()
        {
            Outputs = options.Outputs ?? [],
            ModelDigests = accepted is null ? [] : [.. accepted.Select(digest => digest.Value)],
            Priority = (ulong)options.Priority,
            QueueTimeout = options.QueueTimeout,
        });
        using var request = Request(HttpMethod.Post, $"{Routes.Model(name, options.Version)}/infer");
        request.Content = new InferenceContent(header, tensors);
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        var body = await ReadAsync(response, _options.MaxResponseBytes, cancellationToken).ConfigureAwait(false);
        var answer = InferenceResponse.Parse(body, HeaderLength(response));
        var digest = response.Headers.TryGetValues(HeaderNames.ModelDigest, out var values) && ModelDigest.TryParse(values.FirstOrDefault(), out var parsed) ? parsed : null;
        if (accepted is not null && (digest is null || !accepted.Contains(digest)))
        {
            throw new ServingException(ServingCode.DigestMismatch, $"Another model than those that the policy accepts answered for \"{name}\".");
        }

        return new(answer.ModelName, answer.ModelVersion, digest, answer.Outputs);
    }

    /// <summary>Lists the models of the namespace.</summary>
    /// <exception cref="ServingException">The 7xx family.</exception>
    public Task<ModelList> ListModelsAsync(CancellationToken cancellationToken = default) =>
        GetAsync(Routes.Models, ProtocolJson.Default.ModelList, cancellationToken);

    /// <summary>What a model takes and gives, and its digest.</summary>
    /// <exception cref="ServingException">The 7xx family.</exception>
    public Task<ModelMetadata> GetModelAsync(string name, int? version = null, CancellationToken cancellationToken = default) =>
        GetAsync(Routes.Model(ModelName.Parse(name), version), ProtocolJson.Default.ModelMetadata, cancellationToken);

    /// <summary>Deletes a model, or one version of it. Requests that run are answered; new ones are not.</summary>
    /// <exception cref="ServingException">The 7xx family.</exception>
    public async Task DeleteModelAsync(string name, int? version = null, CancellationToken cancellationToken = default)
    {
        using var request = Request(HttpMethod.Delete, Routes.Model(ModelName.Parse(name), version));
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    private async Task<UploadAnswer> UploadAsync(string name, HttpContent content, Func<ModelDigest?> sentDigest, UploadOptions options, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Put, Routes.Model(ModelName.Parse(name), options.Version) + Query(options));
        request.Content = content;
        // A refusal comes before the body is sent, not after.
        request.Headers.ExpectContinue = true;
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        var answer = await ParseAsync(response, ProtocolJson.Default.UploadAnswer, cancellationToken).ConfigureAwait(false);
        return answer.Digest == sentDigest()?.Value
            ? answer
            : throw new ServingException(ServingCode.DigestMismatch, $"The server received another model than was sent as \"{name}\".", "delete it and upload again.");
    }

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, path);
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await ParseAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await _channel.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ServerErrors.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T> ParseAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(response, MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw new ServingException(ServingCode.ResponseMalformed, "The server's answer is not the JSON that belongs there.", innerException: exception);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        try
        {
            return await BoundedContent.ReadAsync(response.Content, limit, cancellationToken).ConfigureAwait(false)
                ?? throw new ServingException(ServingCode.ResponseMalformed, $"The server's answer is over the limit of {limit} bytes.", "raise MaxResponseBytes.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ServingException(ServingCode.ConnectionLost, "The connection ended before the answer did.", innerException: exception);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string pathAndQuery)
    {
        var request = new HttpRequestMessage(method, new Uri(_server, pathAndQuery)) { Version = System.Net.HttpVersion.Version11 };
        request.Headers.Add(HeaderNames.Namespace, _options.Namespace.Value);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        return request;
    }

    private static string Query(UploadOptions options)
    {
        var query = $"?load={(options.Load ? "true" : "false")}";
        query += options.Precision == UploadPrecision.Int8 ? "&precision=int8" : "";
        query += options.Persist is { } persist ? $"&persist={(persist ? "true" : "false")}" : "";
        query += options.TimeToLive is { } ttl ? $"&ttl={Text((long)ttl.TotalSeconds)}" : "";
        if (options.Scheduling is { } scheduling)
        {
            query += scheduling.MaxBatchSize is { } batch ? $"&max_batch_size={Text(batch)}" : "";
            query += scheduling.PreferredBatchSizes is { Count: > 0 } sizes ? $"&preferred_batch_size={string.Join(',', sizes.Select(size => Text(size)))}" : "";
            query += scheduling.MaxQueueDelay is { } delay ? $"&max_queue_delay_microseconds={Text((long)delay.TotalMicroseconds)}" : "";
            query += scheduling.PriorityLevels is { } levels ? $"&priority_levels={Text(levels)}" : "";
            query += scheduling.DefaultPriorityLevel is { } level ? $"&default_priority_level={Text(level)}" : "";
            query += scheduling.IntraOpThreads is { } threads ? $"&intra_op_threads={Text(threads)}" : "";
        }

        return query;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static int? HeaderLength(HttpResponseMessage response) =>
        response.Headers.TryGetValues(HeaderNames.InferenceHeaderContentLength, out var values)
        || response.Content.Headers.TryGetValues(HeaderNames.InferenceHeaderContentLength, out values)
            ? int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1
            : null;

    private IReadOnlyList<ModelDigest>? AcceptedDigests(ModelName name) =>
        _policy.AcceptedDigests($"{_options.Namespace}/{name}") is { } digests ? [.. digests.Select(ModelDigest.Parse)] : null;

    private static void CheckAccepted(IReadOnlyList<ModelDigest> accepted, ModelDigest digest)
    {
        if (!accepted.Contains(digest))
        {
            throw new AttestationException(RejectionCode.ModelNotAccepted, $"The policy accepts this model with other digests than {digest}.", "compare 'blindai digest PATH' with the policy's \"models\".");
        }
    }
}
