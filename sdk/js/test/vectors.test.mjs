// The language-neutral vectors of vectors/ohttp that concern a client: known answers byte for byte, and what must be refused.

import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeRequest } from "../dist/binary-http.js";
import { sha256Hex } from "../dist/bytes.js";
import { aeads, setUpSender } from "../dist/hpke.js";
import { chooseKey, openResponse, sealChunks, sealRequest } from "../dist/ohttp.js";
import { collect, concat, inPieces, u16 } from "./bytes.mjs";
import { encapsulationOf, hex, keyPair, toHex } from "./hex.mjs";

const folder = new URL("../../../vectors/ohttp/", import.meta.url);
const cases = readdirSync(folder).map(name => ({ name, ...JSON.parse(readFileSync(new URL(`${name}/case.json`, folder), "utf8")) }));
const ofKind = (kind, isOurs = () => true) => cases.filter(vector => vector.kind === kind && isOurs(vector));
const aeadOf = vector => aeads.find(known => known.id === vector.aead);
const keyOf = vector => ({ ...chooseKey(hex(vector.keys)), aead: aeadOf(vector) });
const refused = { name: "SealedRequestError" };

function pairOf(privateKey) {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(privateKey, "hex");
  return keyPair(privateKey, ecdh.getPublicKey("hex"));
}

test("the vectors are all there", () => {
  assert.deepEqual(
    [ofKind("hpke"), ofKind("key-configuration"), ofKind("request", isSealedInChunks), ofKind("response", isInChunks), ofKind("response-secret", isInChunks)]
      .map(vectors => vectors.length > 0), Array(5).fill(true));
});

for (const vector of ofKind("hpke")) {
  test(vector.name, async () => {
    const ephemeral = await keyPair(vector.ephemeral_private_key, vector.expect.encapsulation);
    const sender = await setUpSender(hex(vector.recipient_public_key), aeadOf(vector), hex(vector.info), ephemeral);

    assert.equal(toHex(sender.enc), vector.expect.encapsulation);
    let sequence = 0;
    for (const encryption of vector.encryptions) {
      for (; sequence < encryption.sequence; sequence++) {
        await sender.cipher.seal(hex(""));
      }

      assert.equal(toHex(await sender.cipher.seal(hex(encryption.plaintext), hex(encryption.aad))), encryption.ciphertext, `sequence ${sequence}`);
      sequence++;
    }

    for (const exported of vector.exports) {
      assert.equal(toHex(await sender.export(hex(exported.context), exported.length)), exported.value);
    }
  });
}

for (const vector of ofKind("key-configuration")) {
  test(vector.name, async () => {
    if (vector.expect.fault !== undefined) {
      // A key off the curve is noticed when it is used, before anything is sealed.
      await assert.rejects(async () => sealRequest(chooseKey(hex(vector.keys)), hex("00")), { ...refused, code: "key-unsupported" });
      return;
    }

    const key = chooseKey(hex(vector.keys));
    const [first] = vector.expect.configurations;
    assert.deepEqual([key.id, toHex(key.publicKey), key.aead.id], [first.key_id, first.public_key, first.aeads.includes(2) ? 2 : 1]);
    assert.equal(await sha256Hex(hex(vector.keys)), vector.expect.sha256);
  });
}

function isSealedInChunks(vector) {
  return isInChunks(vector) && vector.ephemeral_private_key !== undefined;
}

function isInChunks(vector) {
  return vector.form === "chunked";
}

for (const vector of ofKind("request", isSealedInChunks)) {
  test(vector.name, async () => {
    const chunks = vector.chunks.map(hex);
    const request = await sealChunks(keyOf(vector), chunks.slice(0, -1), chunks.at(-1), await keyPair(vector.ephemeral_private_key, encapsulationOf(vector.sealed)));

    assert.equal(toHex(request.body), vector.sealed);
  });
}

for (const vector of ofKind("response", isInChunks)) {
  test(vector.name, async () => {
    const request = await sealChunks(keyOf(vector), [], hex("00"), await pairOf(vector.ephemeral_private_key));
    const bytes = hex(vector.sealed);
    for (const length of [1, 7, bytes.length]) {
      const opening = collect(request.open(inPieces(bytes, length), 1024));
      await (vector.expect.fault === undefined
        ? opening.then(opened => assert.equal(toHex(opened), vector.expect.plaintext))
        : assert.rejects(opening, { ...refused, code: vector.expect.fault === "truncated" ? "truncated" : /^(not-opened|too-large)$/ }));
    }
  });
}

for (const vector of ofKind("response-secret", isInChunks)) {
  test(vector.name, async () => {
    const opened = openResponse(hex(vector.secret), hex(vector.encapsulation), aeadOf(vector), inPieces(hex(vector.sealed)), 1024);

    assert.equal(toHex(await collect(opened)), vector.expect.plaintext);
  });
}

test("no key can be taken out of WebCrypto", async t => {
  const answer = cases.find(vector => vector.name === "response-draft-example");
  const extractable = [];
  const { subtle } = crypto;
  t.mock.method(subtle, "generateKey", (...values) => (extractable.push(values[1]), SubtleCrypto.prototype.generateKey.apply(subtle, values)));
  t.mock.method(subtle, "importKey", (...values) => (extractable.push(values[3]), SubtleCrypto.prototype.importKey.apply(subtle, values)));
  await sealRequest(keyOf(cases.find(vector => vector.name === "sealed-request")), hex("00"));
  await collect(openResponse(hex(answer.secret), hex(answer.encapsulation), aeadOf(answer), inPieces(hex(answer.sealed)), 1024));

  assert.ok(extractable.length > 10);
  assert.ok(extractable.every(value => value === false));
});

test("the Binary HTTP request inside sealed-request: encoded to the same bytes", () => {
  const { expect } = cases.find(vector => vector.name === "sealed-request");
  const encoded = encodeRequest({
    method: "POST", authority: "example.com", path: "/v2/models/m/infer", headers: [["content-type", "application/json"]], body: Buffer.from('{"inputs":[]}'),
  }, false);

  assert.equal(toHex(encoded), expect.plaintext);
});

test("a malformed configuration before a right one: the document is refused whole", () => {
  const right = hex(cases.find(vector => vector.name === "key-configuration").keys);
  const change = edit => {
    const configuration = edit([...right.subarray(2)]);
    return concat(u16(configuration.length), Uint8Array.from(configuration), right);
  };
  const other = bytes => [bytes[0] + 1, ...bytes.slice(1)];
  assert.equal(chooseKey(change(other)).id, right[2] + 1);
  const table = {
    "a byte behind the suites": bytes => [...other(bytes), 0],
    "no suites": bytes => [...other(bytes).slice(0, 68), 0, 0],
    "half a suite": bytes => [...other(bytes).slice(0, 68), 0, 2, 0, 1],
    "a point of the hybrid form": bytes => other(bytes).map((byte, at) => at === 3 ? 6 | bytes[67] & 1 : byte),
    "the same id": bytes => bytes,
  };
  for (const [name, edit] of Object.entries(table)) {
    assert.throws(() => chooseKey(change(edit)), { ...refused, code: "key-unsupported" }, name);
  }
});

test("a key configuration cut at every byte: refused", () => {
  const keys = hex(cases.find(vector => vector.name === "key-configuration").keys);
  for (let length = 0; length < keys.length; length++) {
    assert.throws(() => chooseKey(keys.subarray(0, length)), { ...refused, code: "key-unsupported" }, `${length} bytes`);
  }
});
