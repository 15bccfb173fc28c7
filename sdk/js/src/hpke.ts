import { type Bytes, concat, u16, utf8 } from "./bytes.js";

// Hybrid public-key encryption, base mode, the sender's side. Source: RFC 9180. The primitives are WebCrypto's.

/** DHKEM(P-256, HKDF-SHA256). Source: RFC 9180, section 7.1. */
export const kemP256 = 0x0010;

/** HKDF-SHA256. Source: RFC 9180, section 7.2. */
export const kdfSha256 = 0x0001;

/** An uncompressed point: 0x04, X, Y. */
export const publicKeyLength = 65;

/** The tag that AES-GCM puts behind a ciphertext. */
export const tagLength = 16;

const nonceLength = 12;
const hashLength = 32;
const nothing = new Uint8Array(0);

/** An AEAD and the length of its key in bytes. Source: RFC 9180, section 7.3. */
export interface Aead {
  readonly id: number;
  readonly keyLength: 16 | 32;
}

/** In order of preference. */
export const aeads: readonly Aead[] = [{ id: 0x0002, keyLength: 32 }, { id: 0x0001, keyLength: 16 }];

/** A nonce that is different for each of the messages under one key, counted from 0. */
class Sequence {
  readonly #base: Bytes;
  #next = 0;

  constructor(base: Bytes) {
    this.#base = base;
  }

  next(): Bytes {
    const nonce = this.#base.slice();
    const view = new DataView(nonce.buffer);
    view.setUint32(8, view.getUint32(8) ^ this.#next++);
    if (this.#next > 0xffffffff) {
      throw new RangeError("One key seals at most 4294967295 messages.");
    }

    return nonce;
  }
}

/** AES-GCM under one key, with nonces that count. It seals or opens, never both: two directions never share a key. */
export class Cipher {
  readonly #key: CryptoKey;
  readonly #sequence: Sequence;

  private constructor(key: CryptoKey, nonce: Bytes) {
    this.#key = key;
    this.#sequence = new Sequence(nonce);
  }

  static async create(key: Bytes, nonce: Bytes, usage: "encrypt" | "decrypt"): Promise<Cipher> {
    return new Cipher(await crypto.subtle.importKey("raw", key, "AES-GCM", false, [usage]), nonce);
  }

  /** The nonce is taken before the first await, so calls may overlap. */
  async seal(plaintext: Bytes, aad: Bytes = nothing): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.encrypt(this.#parameters(aad), this.#key, plaintext));
  }

  /** Undefined when the tag does not fit. */
  async open(ciphertext: Bytes, aad: Bytes = nothing): Promise<Bytes | undefined> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.#parameters(aad), this.#key, ciphertext));
    } catch (error) {
      if (error instanceof DOMException && error.name === "OperationError") {
        return undefined;
      }

      throw error;
    }
  }

  #parameters(additionalData: Bytes): AesGcmParams {
    return { name: "AES-GCM", iv: this.#sequence.next(), additionalData, tagLength: 8 * tagLength };
  }
}

/** What the sender holds after encapsulation. */
export interface SenderContext {
  /** The encapsulated key, which travels with the first message. */
  readonly enc: Bytes;

  readonly cipher: Cipher;

  /** A secret that both ends can derive, of 1 to 32 bytes. */
  export(context: Bytes, length: number): Promise<Bytes>;
}

/**
 * SetupBaseS. The steps: 1. a key pair for this message alone. 2. Diffie-Hellman with the recipient's key. 3. The shared secret, bound to
 * both public keys. 4. The key schedule, bound to the suite and to `info`.
 *
 * @param ephemeral For tests with known answers only: a key pair used twice gives away both messages.
 * @throws DOMException `DataError`: the recipient's key is no point of the curve.
 */
export async function setUpSender(recipient: Bytes, aead: Aead, info: Bytes, ephemeral?: CryptoKeyPair): Promise<SenderContext> {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const recipientKey = await crypto.subtle.importKey("raw", recipient, curve, false, []);

  const pair = ephemeral ?? await crypto.subtle.generateKey(curve, false, ["deriveBits"]);                                // 1
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: recipientKey }, pair.privateKey, 256)); // 2

  const kem = labelled(concat(utf8("KEM"), u16(kemP256)));                                                                // 3
  const shared = await kem.expand(await kem.extract(nothing, "eae_prk", dh), "shared_secret", concat(enc, recipient), hashLength);

  const schedule = labelled(concat(utf8("HPKE"), u16(kemP256), u16(kdfSha256), u16(aead.id)));                            // 4
  const context = concat(
    Uint8Array.of(0), await schedule.extract(nothing, "psk_id_hash", nothing), await schedule.extract(nothing, "info_hash", info));
  const secret = await schedule.extract(shared, "secret", nothing);
  const key = await schedule.expand(secret, "key", context, aead.keyLength);
  const exporter = await schedule.expand(secret, "exp", context, hashLength);
  const cipher = await Cipher.create(key, await schedule.expand(secret, "base_nonce", context, nonceLength), "encrypt");
  for (const bytes of [dh, shared, secret, key]) {
    bytes.fill(0);
  }

  return { enc, cipher, export: (exported, length) => schedule.expand(exporter, "sec", exported, length) };
}

/** The cipher for the answer to a sealed request. Source: RFC 9458, section 4.4, and its chunked form. */
export async function responseCipher(secret: Bytes, enc: Bytes, responseNonce: Bytes, aead: Aead): Promise<Cipher> {
  const prk = await extract(concat(enc, responseNonce), secret);
  const key = await expand(prk, utf8("key"), aead.keyLength);
  const cipher = await Cipher.create(key, await expand(prk, utf8("nonce"), nonceLength), "decrypt");
  prk.fill(0);
  key.fill(0);
  return cipher;
}

// LabeledExtract and LabeledExpand of one suite. Source: RFC 9180, section 4.
function labelled(suite: Bytes) {
  const prefix = concat(utf8("HPKE-v1"), suite);
  return {
    extract: (salt: Bytes, label: string, secret: Bytes) => extract(salt, concat(prefix, utf8(label), secret)),
    expand: (prk: Bytes, label: string, info: Bytes, length: number) =>
      expand(prk, concat(u16(length), prefix, utf8(label), info), length),
  };
}

// HKDF. Source: RFC 5869. WebCrypto's own has no extract alone; an empty salt is a block of zeros, and some refuse an empty HMAC key.
function extract(salt: Bytes, secret: Bytes): Promise<Bytes> {
  return hmac(salt.length === 0 ? new Uint8Array(hashLength) : salt, secret);
}

// One block of output is the most that is ever asked for here.
async function expand(prk: Bytes, info: Bytes, length: number): Promise<Bytes> {
  if (length < 1 || length > hashLength) {
    throw new RangeError(`HKDF is asked for ${length} bytes; 1 to ${hashLength} are offered.`);
  }

  return (await hmac(prk, concat(info, Uint8Array.of(1)))).slice(0, length);
}

async function hmac(key: Bytes, message: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}
