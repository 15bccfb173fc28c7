// What several tests need: hexadecimal, pieces that arrive one after another, keys of known answers.

import { createECDH } from "node:crypto";

export const hex = text => new Uint8Array(Buffer.from(text, "hex"));

export const toHex = bytes => Buffer.from(bytes).toString("hex");

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

/** A P-256 key pair from a private key in hexadecimal. WebCrypto takes a private key only beside its public key, so another library computes that. */
export async function keyPair(privateKey) {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(privateKey, "hex");
  const point = ecdh.getPublicKey();
  const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
  const curve = { name: "ECDH", namedCurve: "P-256" };
  return {
    publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
    privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: Buffer.from(privateKey, "hex").toString("base64url") }, curve, true, ["deriveBits"]),
    publicBytes: new Uint8Array(point),
  };
}
