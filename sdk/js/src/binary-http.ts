import { ByteReader, type Bytes, concat, utf8, varint } from "./bytes.js";
import { SealedRequestError } from "./errors.js";

// Binary HTTP: a known-length request out, a response of either kind in. Source: RFC 9292.

/** The most bytes of one field section. */
export const maxFieldsLength = 32 * 1024;

/** The most informational responses before the response. */
const maxInformational = 16;

/** The shortest padded message. */
const minPaddedLength = 1024;

const knownLengthRequest = 0;
const knownLengthResponse = 1;
const indeterminateResponse = 3;

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** A request that is complete. */
export interface Request {
  readonly method: string;
  readonly authority: string;
  readonly path: string;

  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];

  readonly body: Bytes;
}

/**
 * Encodes a request for the scheme https.
 *
 * @param isPadded Whether zeros follow, up to the next power of two and at least 1024 bytes.
 * @throws TypeError when a part cannot stand in a request.
 */
export function encodeRequest(request: Request, isPadded: boolean): Bytes {
  check(token.test(request.method.toLowerCase()), "method");
  check(/^[\x21-\x7e]+$/.test(request.authority), "authority");
  check(/^\/[\x21-\x7e]*$/.test(request.path) && !request.path.includes("#"), "path");
  const fields = request.headers.flatMap(([name, value]) => {
    check(token.test(name), "header name");
    check(fieldValue.test(value), `header ${name}`);
    return [prefixed(latin1(name)), prefixed(latin1(value))];
  });

  const message = concat(
    varint(knownLengthRequest), prefixed(utf8(request.method)), prefixed(utf8("https")), prefixed(utf8(request.authority)), prefixed(utf8(request.path)),
    prefixed(concat(...fields)), prefixed(request.body), varint(0));
  return isPadded ? concat(message, new Uint8Array(paddedLength(message.length) - message.length)) : message;
}

function paddedLength(length: number): number {
  let padded = minPaddedLength;
  while (padded < length) {
    padded *= 2;
  }

  return padded;
}

function prefixed(bytes: Bytes): Bytes {
  return concat(varint(bytes.length), bytes);
}

function latin1(text: string): Bytes {
  return Uint8Array.from(text, character => character.charCodeAt(0));
}

function check(condition: boolean, part: string): void {
  if (!condition) {
    throw new TypeError(`The ${part} cannot stand in a request.`);
  }
}

/** A response whose headers have been read. */
export interface ResponseHead {
  /** 200 to 599. */
  readonly status: number;

  readonly headers: Headers;

  /** The content as it arrives. It ends only when trailers and padding have been read and are what they must be. */
  readonly content: AsyncGenerator<Bytes, void, void>;
}

/**
 * Reads a response up to its content. Informational responses and trailers are read and dropped.
 *
 * @throws SealedRequestError `malformed` or `too-large`, and whatever the source throws; so does the content.
 */
export async function readResponse(source: AsyncIterator<Uint8Array>): Promise<ResponseHead> {
  const reader = new ByteReader(source);
  const framing = await reader.takeVarint();
  if (framing !== knownLengthResponse && framing !== indeterminateResponse) {
    malformed("it is no response");
  }

  const isKnownLength = framing === knownLengthResponse;
  for (let informational = 0; informational <= maxInformational; informational++) {
    const status = await reader.takeVarint() ?? malformed("it ends before its status");
    const headers = await readFields(reader, isKnownLength);
    if (headers === undefined) {
      malformed("it ends before its headers");
    }

    if (status >= 200 && status <= 599) {
      return { status, headers, content: readContent(reader, isKnownLength) };
    }

    if (status < 100 || status > 599) {
      malformed("its status is not 100 to 599");
    }
  }

  return malformed(`more than ${maxInformational} informational responses precede it`);
}

// Content and trailers that are empty may be absent. Source: RFC 9292, section 3.8.
async function* readContent(reader: ByteReader, isKnownLength: boolean): AsyncGenerator<Bytes, void, void> {
  for (let left = await readLength(reader) ?? 0; left !== 0; left = isKnownLength ? 0 : await readLength(reader) ?? malformed("it ends inside its content")) {
    while (left > 0) {
      const piece: Bytes = await reader.takeSome(left) ?? malformed("it ends inside its content");
      left -= piece.length;
      yield piece;
    }
  }

  await readFields(reader, isKnownLength);
  for (let padding = await reader.takeSome(maxFieldsLength); padding !== undefined; padding = await reader.takeSome(maxFieldsLength)) {
    if (padding.some(byte => byte !== 0)) {
      malformed("bytes follow it that are no padding");
    }
  }
}

// Undefined when there is no field section at all.
async function readFields(reader: ByteReader, isKnownLength: boolean): Promise<Headers | undefined> {
  const headers = new Headers();
  let first = await readLength(reader);
  if (first === undefined) {
    return undefined;
  }

  if (isKnownLength) {
    requireWithin(first);
    const section = await reader.take(first) ?? malformed("it ends inside its fields");
    const fields = new ByteReader((async function* () { yield section; })());
    for (let name = await readLength(fields); name !== undefined; name = await readLength(fields)) {
      await readField(fields, name, headers);
    }

    return headers;
  }

  for (let total = 0; first !== 0; first = await reader.takeVarint() ?? malformed("it ends inside its fields")) {
    total += await readField(reader, first, headers);
    requireWithin(total);
  }

  return headers;
}

async function readField(reader: ByteReader, nameLength: number, headers: Headers): Promise<number> {
  requireWithin(nameLength);
  const name = decodeLatin1(await reader.take(nameLength) ?? malformed("it ends inside its fields"));
  const valueLength = await reader.takeVarint() ?? malformed("it ends inside its fields");
  requireWithin(nameLength + valueLength);
  const value = decodeLatin1(await reader.take(valueLength) ?? malformed("it ends inside its fields"));
  if (!token.test(name) || !fieldValue.test(value)) {
    malformed("a field is not allowed");
  }

  headers.append(name, value);
  return nameLength + valueLength;
}

// Undefined at the end; the beginning of a length is none.
async function readLength(reader: ByteReader): Promise<number | undefined> {
  const length = await reader.takeVarint();
  if (length === undefined && await reader.takeSome(1) !== undefined) {
    malformed("it ends inside a length");
  }

  return length;
}

function requireWithin(length: number): void {
  if (length > maxFieldsLength) {
    throw new SealedRequestError("too-large", `A field section of the answer has over ${maxFieldsLength} bytes.`);
  }
}

// Not TextDecoder, whose latin1 is windows-1252.
function decodeLatin1(bytes: Bytes): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join("");
}

function malformed(reason: string): never {
  throw new SealedRequestError("malformed", `The answer is no Binary HTTP response: ${reason}.`);
}
