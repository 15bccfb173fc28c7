import { ByteReader, type Bytes, concat, u16, utf8, varint } from "./bytes.js";
import { SealedRequestError } from "./errors.js";
import { type Aead, aeads, kdfSha256, kemP256, publicKeyLength, responseCipher, setUpSender, tagLength } from "./hpke.js";

// Oblivious HTTP, the client's side. Sources: RFC 9458, and draft-ietf-ohai-chunked-ohttp-08 for messages in chunks.

/** What every receiver of chunks accepts, in bytes of plaintext. Source: draft-ietf-ohai-chunked-ohttp. */
export const sentChunkLength = 16384;

/** The longest chunk that is opened, in bytes of plaintext. */
export const maxChunkLength = 1 << 20;

const final = utf8("final");
const requestLabel = utf8("message/bhttp chunked request");
const responseLabel = utf8("message/bhttp chunked response");

/** One public key of a server, and the AEAD to use with it. */
export interface SealingKey {
  readonly id: number;
  readonly publicKey: Bytes;
  readonly aead: Aead;
}

/**
 * Chooses a key of an `application/ohttp-keys` document: the first with a suite that is known here. Source: RFC 9458, section 3.
 *
 * @throws SealedRequestError `key-unsupported`.
 */
export function chooseKey(document: Bytes): SealingKey {
  let chosen: SealingKey | undefined;
  let rest = document;
  const ids = new Set<number>();
  while (rest.length > 0) {
    const length = readU16(rest, 0);
    require(rest.length >= 2 + length, "a configuration is shorter than it says");
    const key = readKey(rest.subarray(2, 2 + length));
    if (key !== undefined) {
      require(!ids.has(key.id), "two keys have one id");
      ids.add(key.id);
      chosen ??= key;
    }

    rest = rest.subarray(2 + length);
  }

  require(chosen !== undefined, "no key has a suite of P-256, HKDF-SHA256 and AES-GCM");
  return chosen;
}

// A key of another KEM is passed over: only its KEM knows how long it is.
function readKey(configuration: Bytes): SealingKey | undefined {
  if (readU16(configuration, 1) !== kemP256) {
    return undefined;
  }

  const suitesAt = 3 + publicKeyLength;
  const length = readU16(configuration, suitesAt);
  const suites = configuration.subarray(suitesAt + 2);
  require(length > 0 && length % 4 === 0 && suites.length === length, "the list of suites has another length than it says");
  const publicKey = configuration.slice(3, suitesAt);
  require(publicKey[0] === 4, "the public key is no uncompressed point");
  const offered = new Set<number>();
  for (let at = 0; at < length; at += 4) {
    if (readU16(suites, at) === kdfSha256) {
      offered.add(readU16(suites, at + 2));
    }
  }

  const aead = aeads.find(known => offered.has(known.id));
  return aead && { id: configuration[0]!, publicKey, aead };
}

function readU16(bytes: Bytes, at: number): number {
  require(bytes.length >= at + 2, "it ends early");
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function require(condition: boolean, reason: string): asserts condition {
  if (!condition) {
    throw new SealedRequestError("key-unsupported", `The key configuration cannot be used: ${reason}.`);
  }
}

/** A request that only the holder of the key can read, and the way to open its answer. */
export interface SealedRequest {
  /** The body of the outer request, `message/ohttp-chunked-req`. */
  readonly body: Bytes;

  /**
   * Opens a body of `message/ohttp-chunked-res`, one chunk at a time. It ends only behind an authentic final chunk; whatever came before
   * an error is authentic too, and not everything.
   *
   * @param maxLength The most bytes of plaintext.
   * @throws SealedRequestError `not-opened`, `truncated` or `too-large`.
   */
  open(body: AsyncIterator<Uint8Array>, maxLength: number): AsyncGenerator<Bytes, void, void>;
}

/**
 * Seals a Binary HTTP message.
 *
 * @throws SealedRequestError `key-unsupported` when the key is no point of the curve.
 */
export function sealRequest(key: SealingKey, message: Bytes): Promise<SealedRequest> {
  const chunks: Bytes[] = [];
  let start = 0;
  for (; message.length - start > sentChunkLength; start += sentChunkLength) {
    chunks.push(message.subarray(start, start + sentChunkLength));
  }

  return sealChunks(key, chunks, message.subarray(start));
}

/**
 * Seals a message in these chunks: key id, suite and encapsulated key; then the chunks, each but the last behind its length.
 *
 * @param chunks None of them empty.
 * @param ephemeral For tests with known answers only.
 */
export async function sealChunks(key: SealingKey, chunks: readonly Bytes[], last: Bytes, ephemeral?: CryptoKeyPair): Promise<SealedRequest> {
  const header = concat(Uint8Array.of(key.id), u16(kemP256), u16(kdfSha256), u16(key.aead.id));
  const info = concat(requestLabel, Uint8Array.of(0), header);
  const sender = await setUpSender(key.publicKey, key.aead, info, ephemeral).catch((error: unknown) => {
    throw error instanceof DOMException && error.name === "DataError"
      ? new SealedRequestError("key-unsupported", "The public key of the key configuration is no point of the curve.", { cause: error })
      : error;
  });

  const sealed = await Promise.all([...chunks.map(chunk => sender.cipher.seal(chunk)), sender.cipher.seal(last, final)]);
  const framed = sealed.flatMap((chunk, index) => [varint(index === chunks.length ? 0 : chunk.length), chunk]);
  const secret = await sender.export(responseLabel, key.aead.keyLength);
  return {
    body: concat(header, sender.enc, ...framed),
    open: (body, maxLength) => openResponse(secret, sender.enc, key.aead, body, maxLength),
  };
}

/** Opens the chunks of an answer. The response nonce is as long as the AEAD's key, which is longer than its nonce. */
export async function* openResponse(
  secret: Bytes, enc: Bytes, aead: Aead, body: AsyncIterator<Uint8Array>, maxLength: number): AsyncGenerator<Bytes, void, void> {
  const reader = new ByteReader(body);
  const cipher = await responseCipher(secret, enc, await reader.take(aead.keyLength) ?? truncated(), aead);
  let total = 0;
  for (let isFinal = false; !isFinal;) {
    const length = await reader.takeVarint() ?? truncated();
    isFinal = length === 0;
    if (length > maxChunkLength + tagLength) {
      throw new SealedRequestError("too-large", `A chunk of the answer has over ${maxChunkLength} bytes.`);
    }

    const chunk = isFinal
      ? await reader.takeRest(maxChunkLength + tagLength) ?? tooLong()
      : await reader.take(length) ?? truncated();
    if (isFinal && chunk.length < tagLength) {
      truncated();
    }

    // Only the final chunk may be empty.
    const plaintext = !isFinal && length <= tagLength ? undefined : await cipher.open(chunk, isFinal ? final : undefined);
    if (plaintext === undefined) {
      throw new SealedRequestError("not-opened", "A chunk of the answer is not what the server sealed.");
    }

    total += plaintext.length;
    if (total > maxLength) {
      throw new SealedRequestError("too-large", `The answer has over ${maxLength} bytes. hint: raise maxResponseBytes.`);
    }

    if (plaintext.length > 0) {
      yield plaintext;
    }
  }
}

function truncated(): never {
  throw new SealedRequestError("truncated", "The answer ended before its final chunk.");
}

function tooLong(): never {
  throw new SealedRequestError("too-large", `The final chunk of the answer has over ${maxChunkLength} bytes.`);
}
