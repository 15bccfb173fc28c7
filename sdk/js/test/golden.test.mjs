// Known answers, byte for byte: RFC 9180 appendix A.3, the example of the chunked draft, and a request and an answer of our own, computed
// with another implementation.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readResponse, encodeRequest } from "../dist/binary-http.js";
import { aeads, setUpSender } from "../dist/hpke.js";
import { chooseKey, openResponse, sealChunks, sealRequest } from "../dist/ohttp.js";
import { sha256Hex } from "../dist/bytes.js";
import { collect, concat, hex, inPieces, keyPair, toHex } from "./bytes.mjs";

const aead = id => aeads.find(known => known.id === id);

const hpkeVectors = [
  {
    name: "RFC 9180 A.3, AES-128-GCM", aead: 1,
    skEm: "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
    skRm: "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
    enc: "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
    ct: "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
    exported: "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d",
  },
  {
    name: "the same with AES-256-GCM", aead: 2,
    skEm: "90345e3a1d116c1dd39ae76d95ab858c142223a63e44f8f85318cfa91a84858e",
    skRm: "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
    enc: "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0",
    ct: "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f",
    exported: "7a4c2b89e1909fb0e3ca42d5040f4c2d8346dc0643d787b8474e804f8f72798e",
  },
];

for (const vector of hpkeVectors) {
  test(`HPKE, ${vector.name}: the sealed bytes and the export are the known ones`, async () => {
    const recipient = (await keyPair(vector.skRm)).publicBytes;
    const sender = await setUpSender(recipient, aead(vector.aead), hex("4f6465206f6e2061204772656369616e2055726e"), await keyPair(vector.skEm));

    assert.equal(toHex(sender.enc), vector.enc);
    assert.equal(toHex(await sender.cipher.seal(hex("4265617574792069732074727574682c20747275746820626561757479"), hex("436f756e742d30"))), vector.ct);
    assert.equal(toHex(await sender.export(new Uint8Array(0), 32)), vector.exported);
  });
}

const keys = hex(
  "004e010010046ff03b949241ce1dadd43519e6960e0a85b41a69a05c328103aa2bce1594ca163c4f753a55bf01dc53f6c0b0c7eee78b40c6ff7d25a96e2282b989cef71c144a" +
  "00080001000200010001");
const inner =
  "0004504f53540568747470730b6578616d706c652e636f6d122f76322f6d6f64656c732f6d2f696e6665721e0c636f6e74656e742d74797065106170706c69636174696f6e2f" +
  "6a736f6e0d7b22696e70757473223a5b5d7d00";
const sealedRequest =
  "0100100001000204550f471003f3df97c3df506ac797f6721fb1a1fb7b8f6f83d224498a65c88e24136093d7012e509a73715cbd0b00a3cc0ff4b5c01b3ffa196ab1fb327036" +
  "b8e62445b4c4a4f01df019dc789e6efcf2973ce82d1edc5236bb55421ec0de60cfcb81631297e200c9a2a91300cd427659a1e9a9684d4be77d902d039d255719036389b43ff6" +
  "446844a817e7d046eb019e2f74d21c0c128db70d62231266492f328be4ff60412d43747210d15f1ca773e7d9260aebc3f95f2440def50b";
const sealedResponse = "555555555555555555555555555555555555555555555555555555555555555500262d08438276d045caf5ede170796fb566976cd74a7724cd";

const sealGolden = async () => sealChunks(chooseKey(keys), [hex(inner.slice(0, 40))], hex(inner.slice(40)), await keyPair("02".repeat(32)));

test("key configuration: the known bytes name key 1 and the AEAD that is preferred", async () => {
  const key = chooseKey(keys);

  assert.equal(keys.length, 80);
  assert.equal(await sha256Hex(keys), "08be0aee4378b2e0da538034975bfb9dfb4802cc46453ee549c0ef79f58e353e");
  assert.equal(key.id, 1);
  assert.equal(key.aead.id, 2);
  assert.deepEqual(key.publicKey, (await keyPair("01".repeat(32))).publicBytes);
});

test("Binary HTTP request: encoded to the known bytes", () => {
  const encoded = encodeRequest({
    method: "POST", authority: "example.com", path: "/v2/models/m/infer", headers: [["content-type", "application/json"]], body: Buffer.from('{"inputs":[]}'),
  }, false);

  assert.equal(toHex(encoded), inner);
});

test("sealed request: the 195 known bytes", async () => {
  assert.equal(toHex((await sealGolden()).body), sealedRequest);
  assert.equal(sealedRequest.length, 2 * 195);
});

test("sealed response: the known bytes open, in pieces of any length", async () => {
  const bytes = hex(sealedResponse);
  for (let length = 1; length <= bytes.length; length++) {
    const opened = (await sealGolden()).open(inPieces(bytes, length), 1024);
    const response = await readResponse(opened);
    assert.equal(response.status, 200);
    assert.equal(Buffer.from(await collect(response.content)).toString(), "{}");
  }
});

test("the example of the chunked draft: its response opens, with an empty final chunk", async () => {
  const secret = hex("1d4484834ae36102a6ac42a5523454d9");
  const enc = hex("8811eb457e100811c40a0aa71340a1b81d804bb986f736f2f566a7199761a032");
  const body = hex(
    "bcce7f4cb921309ba5d62edf1769ef09" + "1179bf1cc87fa0e2c02de4546945aa3d1e48" + "12b348b5bd4c594c16b6170b07b475845d1f32" + "00ed9d8a796617a5b27265f4d73247f639");

  assert.equal(toHex(await collect(openResponse(secret, enc, aead(1), inPieces(body), 1024))), "0140c8");
});

test("key configurations that cannot be used: each is refused", () => {
  const [configuration] = [keys.subarray(2)];
  const document = bytes => concat(Uint8Array.of(bytes.length >> 8, bytes.length), bytes);
  const changed = (at, value) => Uint8Array.from(configuration, (byte, index) => index === at ? value : byte);
  assert.equal(chooseKey(concat(document(changed(2, 0x20)), keys)).id, 1);   // a key of another KEM is passed over
  assert.equal(chooseKey(document(changed(73, 9))).aead.id, 1);              // so is a suite of another AEAD
  const bad = {
    "empty": new Uint8Array(0),
    "one byte": Uint8Array.of(0),
    "another KEM": document(changed(2, 0x20)),
    "another KDF": document(Uint8Array.from(configuration, (byte, index) => index === 71 || index === 75 ? 2 : byte)),
    "compressed point": document(changed(3, 2)),
    "suites longer than said": document(concat(configuration, Uint8Array.of(0))),
    "suites of no whole number": document(concat(changed(69, 9), Uint8Array.of(0))),
    "no suites": document(changed(69, 0).subarray(0, 70)),
    "trailing byte": concat(keys, Uint8Array.of(0)),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    assert.throws(() => chooseKey(bytes), { name: "SealedRequestError", code: "key-unsupported" }, name);
  }

  for (let length = 0; length < keys.length; length++) {
    assert.throws(() => chooseKey(keys.subarray(0, length)), { code: "key-unsupported" }, `${length} bytes`);
  }
});

test("a key off the curve: refused before anything is sealed", async () => {
  const key = chooseKey(keys);
  key.publicKey[64] ^= 1;

  await assert.rejects(sealRequest(key, hex(inner)), { code: "key-unsupported" });
});
