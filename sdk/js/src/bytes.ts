import { SealedRequestError } from "./errors.js";

/** Bytes in memory that is not shared, which is what WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }

  return all;
}

/** Two bytes, the most significant first. */
export function u16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export async function sha256Hex(bytes: Bytes): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, value => value.toString(16).padStart(2, "0")).join("");
}

/** A variable-length integer in its shortest form. Source: RFC 9000, section 16. */
export function varint(value: number): Bytes {
  if (value < 0x40) {
    return Uint8Array.of(value);
  }

  if (value < 0x4000) {
    return u16(0x4000 | value);
  }

  const bytes = new Uint8Array(value < 0x40000000 ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (bytes.length === 4) {
    view.setUint32(0, (0x80000000 | value) >>> 0);
  } else {
    view.setBigUint64(0, 0xc000000000000000n | BigInt(value));
  }

  return bytes;
}

/**
 * Reads bytes as they arrive in pieces of any size. It never holds more than was asked for and the last piece, so a stated length costs
 * nothing until its bytes are there; the caller checks it against a limit first.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #ended = false;

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source;
  }

  /** Exactly `count` bytes; undefined when fewer are left, which stay. */
  async take(count: number): Promise<Bytes | undefined> {
    return await this.#fill(count) ? this.#cut(count) : undefined;
  }

  /** One byte or more, `most` at most, as soon as there are any; undefined at the end. */
  async takeSome(most: number): Promise<Bytes | undefined> {
    return await this.#fill(1) ? this.#cut(Math.min(most, this.#pieces[0]!.length)) : undefined;
  }

  /** Everything up to the end; undefined when that is more than `most` bytes. */
  async takeRest(most: number): Promise<Bytes | undefined> {
    return await this.#fill(most + 1) ? undefined : this.#cut(this.#length);
  }

  /** A variable-length integer of any of its forms; undefined when the bytes end before it does. Source: RFC 9000, section 16. */
  async takeVarint(): Promise<number | undefined> {
    if (!await this.#fill(1)) {
      return undefined;
    }

    const bytes = await this.take(1 << (this.#pieces[0]![0]! >> 6));
    if (bytes === undefined) {
      return undefined;
    }

    const value = bytes.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x3f : byte), 0);
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new SealedRequestError("too-large", "A length has more than 53 bits.");
    }

    return value;
  }

  async #fill(count: number): Promise<boolean> {
    while (this.#length < count && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) {
        this.#ended = true;
      } else if (next.value.length > 0) {
        this.#pieces.push(next.value);
        this.#length += next.value.length;
      }
    }

    return this.#length >= count;
  }

  #cut(count: number): Bytes {
    const bytes = new Uint8Array(count);
    let offset = 0;
    let whole = 0;
    while (offset < count) {
      const piece = this.#pieces[whole]!;
      const part = piece.subarray(0, count - offset);
      bytes.set(part, offset);
      offset += part.length;
      if (part.length === piece.length) {
        whole++;
      } else {
        this.#pieces[whole] = piece.subarray(part.length);
      }
    }

    this.#pieces.splice(0, whole);
    this.#length -= count;
    return bytes;
  }
}
