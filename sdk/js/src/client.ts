import { encodeRequest, readResponse, type ResponseHead } from "./binary-http.js";
import { ByteReader, type Bytes, concat, sha256Hex, utf8 } from "./bytes.js";
import { SealedRequestError } from "./errors.js";
import { chooseKey, type SealingKey, sealRequest } from "./ohttp.js";

const keysPath = "/.well-known/blindai/ohttp-keys";
const sealedPath = "/blindai/sealed";
const keysType = "application/ohttp-keys";
const requestType = "message/ohttp-chunked-req";
const responseType = "message/ohttp-chunked-res";

/** Source: draft-ietf-ohai-chunked-ohttp and RFC 9458, section 5.3. */
const keyProblem = "https://iana.org/assignments/http-problem-types#ohttp-key";

/** The most bytes of a key configuration, a verifier's answer or a problem. */
const maxDocumentLength = 16384;

const defaultMaxResponseBytes = 64 << 20;

/** Set here, or meaningful for one connection only. */
const refusedHeaders = new Set([
  "blindai-padding", "connection", "content-length", "date", "expect", "host", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
]);

export interface SealedClientOptions {
  /** The service's name, which is the authority of every sealed request. */
  readonly service: string;

  /** The namespace of the models; without it the server takes `default`. */
  readonly namespace?: string;

  /** Whether requests and answers are padded to powers of two, so that their length says less. Default false. */
  readonly padding?: boolean;

  /** The most bytes of an opened answer. Default 64 MiB. */
  readonly maxResponseBytes?: number;
}

export interface SealedRequestInit {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** A tensor as JSON carries it: wire-protocol.md, clause 5. */
export interface JsonTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

export interface InferenceAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly JsonTensor[];
}

/** The server refused the request, in an authentic answer. */
export class ServingError extends Error {
  override readonly name = "ServingError";

  /** @param code A number of errors.md; undefined when the answer has none. */
  constructor(readonly status: number, readonly code: number | undefined, message: string) {
    super(message);
  }
}

/** A key and until when it may be used, in milliseconds since 1970. */
interface TrustedKey {
  readonly key: SealingKey;
  readonly sha256: string;
  readonly validUntil: number;
}

/**
 * Sends sealed requests to one server. It verifies no evidence: the key is the one that the page's author pinned, or that a verifier service
 * of the author's own names. Nothing is sent before the server's key configuration is known to be that one.
 */
export class SealedClient {
  readonly #url: URL;
  readonly #options: SealedClientOptions;
  readonly #trust: (signal: AbortSignal | undefined) => Promise<TrustedKey>;
  #trusted: TrustedKey | undefined;

  private constructor(url: URL, options: SealedClientOptions, trust: (signal: AbortSignal | undefined) => Promise<TrustedKey>) {
    if (globalThis.crypto?.subtle === undefined) {
      throw new TypeError("There is no WebCrypto here. hint: serve the page over https.");
    }

    if (!options.service) {
      throw new TypeError("The option service is missing.");
    }

    const { maxResponseBytes = defaultMaxResponseBytes } = options;
    if (!Number.isSafeInteger(maxResponseBytes) || maxResponseBytes < 1) {
      throw new TypeError("The option maxResponseBytes is no whole number from 1.");
    }

    this.#url = url;
    this.#options = options;
    this.#trust = trust;
  }

  /**
   * A client for a key configuration that the author of the page has verified beforehand.
   *
   * @param pin The exact `application/ohttp-keys` bytes, or their SHA-256 in hexadecimal, with which what the server shows is compared.
   */
  static pinned(url: string | URL, pin: Uint8Array | { readonly sha256: string }, options: SealedClientOptions): SealedClient {
    const host = new URL(url);
    if (pin instanceof Uint8Array) {
      const document = concat(pin);
      return new SealedClient(host, options, async () => ({ key: chooseKey(document), sha256: await sha256Hex(document), validUntil: Infinity }));
    }

    const sha256 = readSha256(pin.sha256);
    if (sha256 === undefined) {
      throw new TypeError("A pin is 64 hexadecimal digits.");
    }

    return new SealedClient(host, options, async signal => ({ key: await fetchKey(host, sha256, signal), sha256, validUntil: Infinity }));
  }

  /**
   * A client that asks a verifier service which key configuration is right. The service answers a GET with
   * `{"sha256": hexadecimal, "validUntil": time in ISO 8601}`; it is asked again after that time, and when the server does not hold the key any more.
   *
   * @param verifierUrl Over https (or on this machine), and not on the server that it is to judge.
   */
  static verifiedBy(url: string | URL, verifierUrl: string | URL, options: SealedClientOptions): SealedClient {
    const host = new URL(url);
    const verifier = new URL(verifierUrl);
    if (verifier.protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(verifier.hostname)) {
      throw new TypeError("The verifier must be reached over https.");
    }

    if (verifier.origin === host.origin) {
      throw new TypeError("A server cannot be its own verifier.");
    }

    return new SealedClient(host, options, async signal => {
      const { sha256, validUntil } = await askVerifier(verifier, signal);
      return { key: await fetchKey(host, sha256, signal), sha256, validUntil };
    });
  }

  /**
   * Sends one request. Method, path, headers and body are sealed; the length is visible, unless padded.
   *
   * @throws SealedRequestError No authentic answer; every status of an authentic one is returned.
   * @throws TypeError The request cannot be sent as it is.
   */
  async fetch(path: string, init: SealedRequestInit = {}): Promise<SealedResponse> {
    const trusted = await this.#currentKey(init.signal);
    try {
      return await this.#send(trusted, path, init);
    } catch (error) {
      if (!(error instanceof SealedRequestError && error.code === "key-unknown")) {
        throw error;
      }

      // Anyone on the way can say that a key is unknown: only another key that is trusted makes it worth a second request.
      this.#trusted = undefined;
      const renewed = await this.#currentKey(init.signal);
      if (renewed.sha256 === trusted.sha256) {
        throw error;
      }

      return await this.#send(renewed, path, init);
    }
  }

  /**
   * Runs a model on tensors in JSON.
   *
   * @throws ServingError The server refused.
   */
  async infer(model: string, inputs: readonly JsonTensor[], init: Pick<SealedRequestInit, "signal"> = {}): Promise<InferenceAnswer> {
    const response = await this.fetch(`/v2/models/${encodeURIComponent(model)}/infer`, {
      ...init, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ inputs }),
    });
    if (response.status !== 200) {
      const refusal = parseObject(await response.text()) ?? {};
      throw new ServingError(response.status, typeof refusal["code"] === "number" ? refusal["code"] : undefined, String(refusal["error"] ?? `Status ${response.status}.`));
    }

    return await response.json() as InferenceAnswer;
  }

  async #currentKey(signal: AbortSignal | undefined): Promise<TrustedKey> {
    const known = this.#trusted;
    return known !== undefined && Date.now() < known.validUntil ? known : this.#trusted = await this.#trust(signal);
  }

  async #send(trusted: TrustedKey, path: string, init: SealedRequestInit): Promise<SealedResponse> {
    const { service, namespace, padding = false, maxResponseBytes = defaultMaxResponseBytes } = this.#options;
    const headers = [...new Headers(init.headers)];
    const refused = headers.find(([name]) => refusedHeaders.has(name) || name.startsWith("proxy-"));
    if (refused !== undefined) {
      throw new TypeError(`The header ${refused[0]} cannot be set.`);
    }

    headers.push(["date", new Date().toUTCString()]);
    if (namespace !== undefined) {
      headers.push(["blindai-namespace", namespace]);
    }

    if (padding) {
      headers.push(["blindai-padding", "1"]);
    }

    const body = typeof init.body === "string" ? utf8(init.body) : concat(init.body ?? new Uint8Array(0));
    const message = encodeRequest({ method: init.method ?? "GET", authority: service, path, headers, body }, padding);
    const sealed = await sealRequest(trusted.key, message);
    const outer = await request(new URL(sealedPath, this.#url), init.signal, {
      method: "POST", headers: { "content-type": requestType, "incremental": "?1" }, body: sealed.body,
    });
    if (outer.status !== 200 || mediaType(outer) !== responseType) {
      throw await isKeyProblem(outer, init.signal)
        ? new SealedRequestError("key-unknown", "The server does not hold this key. hint: verify the server again.")
        : new SealedRequestError("unauthenticated", `What answered, with status ${outer.status}, holds no key. hint: ask who runs the way to the server.`);
    }

    const pieces = new Pieces(outer, init.signal);
    try {
      return new SealedResponse(await readResponse(sealed.open(pieces, maxResponseBytes)), pieces);
    } catch (error) {
      await pieces.cancel();
      throw error;
    }
  }
}

/**
 * The authentic answer to a sealed request. The body is opened as it arrives: what has been read of it is authentic, and it is all there is only
 * when the stream ends without an error.
 */
export class SealedResponse {
  readonly status: number;
  readonly headers: Headers;

  /** Errors with a {@link SealedRequestError}. It is read once, here or by one of the methods. */
  readonly body: ReadableStream<Bytes>;

  /** @internal */
  constructor(head: ResponseHead, outer: Pieces) {
    this.status = head.status;
    this.headers = head.headers;
    this.body = new ReadableStream<Bytes>({
      async pull(controller) {
        try {
          const next = await head.content.next();
          if (next.done === true) {
            controller.close();
          } else {
            controller.enqueue(next.value);
          }
        } catch (error) {
          await outer.cancel();
          throw error;
        }
      },
      cancel: () => outer.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status < 300;
  }

  /** The whole body. */
  async bytes(): Promise<Bytes> {
    const pieces: Bytes[] = [];
    const reader = this.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      pieces.push(next.value);
    }

    return concat(...pieces);
  }

  /** The whole body, which is UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** The whole body, which is JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }
}

async function fetchKey(host: URL, sha256: string, signal: AbortSignal | undefined): Promise<SealingKey> {
  const answer = await request(new URL(keysPath, host), signal);
  const document = await readDocument(answer, answer.status === 200 && mediaType(answer) === keysType, signal);
  if (document === undefined || await sha256Hex(document) !== sha256) {
    throw new SealedRequestError("key-mismatch", "The server does not show the key configuration that is trusted. hint: verify the server again.");
  }

  return chooseKey(document);
}

async function askVerifier(verifier: URL, signal: AbortSignal | undefined): Promise<{ sha256: string; validUntil: number }> {
  const answer = await request(verifier, signal);
  const document = await readDocument(answer, answer.status === 200, signal);
  const verdict = document && parseObject(new TextDecoder().decode(document));
  const sha256 = readSha256(verdict?.["sha256"]);
  const validUntil = readTime(verdict?.["validUntil"]);
  if (sha256 === undefined || !(validUntil > Date.now())) {
    throw new SealedRequestError("not-verified", `The verifier, with status ${answer.status}, names no key configuration that is valid now.`);
  }

  return { sha256, validUntil };
}

function readSha256(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
}

// A time without an offset would be taken for local time.
function readTime(value: unknown): number {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN;
}

async function isKeyProblem(answer: Response, signal: AbortSignal | undefined): Promise<boolean> {
  const document = await readDocument(answer, answer.status === 400 && mediaType(answer) === "application/problem+json", signal);
  return document !== undefined && parseObject(new TextDecoder().decode(document))?.["type"] === keyProblem;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

// No cookies, no cache, no redirects: each would show something of the caller to somebody.
async function request(url: URL, signal: AbortSignal | undefined, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: signal ?? null, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
  } catch (error) {
    throw signal?.aborted === true ? error : new SealedRequestError("unreachable", `${url.host} does not answer.`, { cause: error });
  }
}

function mediaType(answer: Response): string {
  return (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

// Undefined when it is not expected, or too long; what is left of it is not waited for.
async function readDocument(answer: Response, isExpected: boolean, signal: AbortSignal | undefined): Promise<Bytes | undefined> {
  const pieces = new Pieces(answer, signal);
  try {
    return isExpected ? await new ByteReader(pieces).takeRest(maxDocumentLength) : undefined;
  } finally {
    await pieces.cancel();
  }
}

/** Reads the body of an outer answer. No generator: one that waits for a read could not be cancelled. */
class Pieces implements AsyncIterator<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(answer: Response, signal: AbortSignal | undefined) {
    this.#reader = answer.body?.getReader();
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const next = await this.#reader?.read();
      return next === undefined || next.done ? { done: true, value: undefined } : next;
    } catch (error) {
      throw this.#signal?.aborted === true ? error : new SealedRequestError("truncated", "The connection broke before the end of the answer.", { cause: error });
    }
  }

  /** Tells the other end that no more is wanted. A stream that has failed already has nobody to tell. */
  async cancel(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined);
  }
}
