import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRequest, readResponse } from "../dist/binary-http.js";
import { sha256Hex } from "../dist/bytes.js";
import { aeads, setUpSender } from "../dist/hpke.js";
import { chooseKey, openResponse, sealChunks, sealRequest } from "../dist/ohttp.js";
import { collect, concat, inPieces } from "./bytes.mjs";
import { draft, hex, hpke, keyPair, sealed, toHex } from "./known-answers.mjs";

const aead = id => aeads.find(known => known.id === id);
const keys = hex(sealed.keys);
const message = hex(sealed.message);
const encOf = request => request.slice(14, 144);

const sealAsKnown = async () => sealChunks(
  chooseKey(keys), [message.subarray(0, sealed.firstChunkLength)], message.subarray(sealed.firstChunkLength),
  await keyPair(sealed.ephemeral, encOf(sealed.request)));

for (const vector of hpke.vectors) {
  test(`HPKE, ${vector.name}: the sealed bytes and the export are the known ones`, async () => {
    const sender = await setUpSender(hex(vector.recipient), aead(vector.aead), hex(hpke.info), await keyPair(vector.ephemeral, vector.enc));

    assert.equal(toHex(sender.enc), vector.enc);
    assert.equal(toHex(await sender.cipher.seal(hex(hpke.plaintext), hex(hpke.aad))), vector.ciphertext);
    assert.equal(toHex(await sender.export(new Uint8Array(0), 32)), vector.exported);
  });
}

test("key configuration: the known bytes name key 1 and the AEAD that is preferred", async () => {
  const key = chooseKey(keys);

  assert.equal(await sha256Hex(keys), sealed.keysSha256);
  assert.equal(key.id, 1);
  assert.equal(key.aead.id, 2);
  assert.equal(toHex(key.publicKey), sealed.keys.slice(10, 140));
});

test("Binary HTTP request: encoded to the known bytes", () => {
  const encoded = encodeRequest({
    method: "POST", authority: "example.com", path: "/v2/models/m/infer", headers: [["content-type", "application/json"]], body: Buffer.from('{"inputs":[]}'),
  }, false);

  assert.equal(toHex(encoded), sealed.message);
});

test("sealed request: the 195 known bytes", async () => {
  const { body } = await sealAsKnown();

  assert.equal(toHex(body), sealed.request);
  assert.equal(body.length, 195);
});

test("sealed response: the known bytes open, in pieces of any length", async () => {
  const bytes = hex(sealed.response);
  for (let length = 1; length <= bytes.length; length++) {
    assert.equal(toHex(await collect((await sealAsKnown()).open(inPieces(bytes, length), 1024))), sealed.responseMessage);
  }

  const response = await readResponse(inPieces(hex(sealed.responseMessage)));
  assert.equal(response.status, 200);
  assert.equal(Buffer.from(await collect(response.content)).toString(), "{}");
});

test("the example of the chunked draft: its response opens, with an empty final chunk", async () => {
  const opened = openResponse(hex(draft.secret), hex(draft.enc), aead(draft.aead), inPieces(hex(draft.response)), 1024);

  assert.equal(toHex(await collect(opened)), draft.message);
});

test("key configurations that cannot be used: each is refused", () => {
  const configuration = keys.subarray(2);
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

  await assert.rejects(sealRequest(key, message), { code: "key-unsupported" });
});
