// Bytes, as several tests need them.

export const concat = (...parts) => new Uint8Array(Buffer.concat(parts));

export const u16 = value => Uint8Array.of(value >> 8, value & 0xff);

/** The bytes in pieces of a length, as a connection would bring them. */
export async function* inPieces(bytes, length = bytes.length) {
  for (let start = 0; start < bytes.length; start += length) {
    yield bytes.subarray(start, start + length);
  }
}

export async function collect(pieces) {
  const all = [];
  for await (const piece of pieces) {
    all.push(piece);
  }

  return concat(...all);
}
