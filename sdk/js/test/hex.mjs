// Hexadecimal, and keys of known answers. Browsers read this file too.

export const hex = text => Uint8Array.from(text.match(/../g) ?? [], byte => parseInt(byte, 16));

export const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");

/** The encapsulated key of a sealed request, which is the public key of its ephemeral pair. */
export const encapsulationOf = sealed => sealed.slice(14, 144);

/** A P-256 key pair from its private key and its public point, both in hexadecimal: WebCrypto takes the one only beside the other. */
export async function keyPair(privateKey, publicKey) {
  const base64url = text => btoa(String.fromCharCode(...hex(text))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const jwk = { kty: "EC", crv: "P-256", x: base64url(publicKey.slice(2, 66)), y: base64url(publicKey.slice(66)) };
  const curve = { name: "ECDH", namedCurve: "P-256" };
  return {
    publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
    privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: base64url(privateKey) }, curve, true, ["deriveBits"]),
  };
}
