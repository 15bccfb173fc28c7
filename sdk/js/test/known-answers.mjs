// Known answers, byte for byte: RFC 9180 appendix A.3, the example of the chunked draft, and a request and an answer of our own that another
// implementation computed. Browsers read this file too.

export const hex = text => Uint8Array.from(text.match(/../g) ?? [], byte => parseInt(byte, 16));

export const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");

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

/** HPKE, base mode: one message and one export. */
export const hpke = {
  info: "4f6465206f6e2061204772656369616e2055726e",
  aad: "436f756e742d30",
  plaintext: "4265617574792069732074727574682c20747275746820626561757479",
  vectors: [
    {
      name: "RFC 9180 A.3, AES-128-GCM",
      aead: 1,
      ephemeral: "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
      recipient: "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
      enc: "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
      ciphertext: "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
      exported: "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d",
    },
    {
      name: "the same with AES-256-GCM",
      aead: 2,
      ephemeral: "90345e3a1d116c1dd39ae76d95ab858c142223a63e44f8f85318cfa91a84858e",
      recipient: "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f853148544876de76c0f2ef99cdc3a05ccf5ded7860c7c021238f9e2073d2356c",
      enc: "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0",
      ciphertext: "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f",
      exported: "7a4c2b89e1909fb0e3ca42d5040f4c2d8346dc0643d787b8474e804f8f72798e",
    },
  ],
};

/** A sealed request to the private key 01 01 ... 01 with the ephemeral private key 02 02 ... 02, and its answer. */
export const sealed = {
  keys:
    "004e010010046ff03b949241ce1dadd43519e6960e0a85b41a69a05c328103aa2bce1594ca163c4f753a55bf01dc53f6c0b0c7eee78b40c6ff7d25a96e2282b989cef71c144a" +
    "00080001000200010001",
  keysSha256: "08be0aee4378b2e0da538034975bfb9dfb4802cc46453ee549c0ef79f58e353e",
  message:
    "0004504f53540568747470730b6578616d706c652e636f6d122f76322f6d6f64656c732f6d2f696e6665721e0c636f6e74656e742d74797065106170706c69636174696f6e2f" +
    "6a736f6e0d7b22696e70757473223a5b5d7d00",
  firstChunkLength: 20,
  ephemeral: "02".repeat(32),
  request:
    "0100100001000204550f471003f3df97c3df506ac797f6721fb1a1fb7b8f6f83d224498a65c88e24136093d7012e509a73715cbd0b00a3cc0ff4b5c01b3ffa196ab1fb327036" +
    "b8e62445b4c4a4f01df019dc789e6efcf2973ce82d1edc5236bb55421ec0de60cfcb81631297e200c9a2a91300cd427659a1e9a9684d4be77d902d039d255719036389b43ff6" +
    "446844a817e7d046eb019e2f74d21c0c128db70d62231266492f328be4ff60412d43747210d15f1ca773e7d9260aebc3f95f2440def50b",
  response: "555555555555555555555555555555555555555555555555555555555555555500262d08438276d045caf5ede170796fb566976cd74a7724cd",
  responseMessage: "0140c800027b7d00",
};

/** The response of the chunked draft's example. Its request uses a KEM that is not offered here. */
export const draft = {
  aead: 1,
  secret: "1d4484834ae36102a6ac42a5523454d9",
  enc: "8811eb457e100811c40a0aa71340a1b81d804bb986f736f2f566a7199761a032",
  response:
    "bcce7f4cb921309ba5d62edf1769ef09" + "1179bf1cc87fa0e2c02de4546945aa3d1e48" + "12b348b5bd4c594c16b6170b07b475845d1f32" + "00ed9d8a796617a5b27265f4d73247f639",
  message: "0140c8",
};
