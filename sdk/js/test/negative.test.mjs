// An answer that somebody changed on its way: every change is noticed, and never with another error than a typed one.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { readResponse } from "../dist/binary-http.js";
import { chooseKey, maxChunkLength, sealRequest } from "../dist/ohttp.js";
import { collect, concat, inPieces } from "./bytes.mjs";
import { hex, toHex } from "./hex.mjs";
import { encodeResponse, keyConfiguration, openRequest, suites, varint } from "./responder.mjs";

const { suite } = suites.get(2);
const pair = await suite.kem.generateKeyPair();
const key = chooseKey(keyConfiguration(1, new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))));
const request = await sealRequest(key, hex("00"));
const { seal } = await openRequest(request.body, pair.privateKey);
const open = (...pieces) => collect(request.open(inPieces(concat(...pieces)), 8 << 20));
const rejects = (promise, code, message) => assert.rejects(promise, { name: "SealedRequestError", ...(code && { code }) }, message);

const plaintexts = [randomBytes(5), randomBytes(9), randomBytes(7)];

test("every bit flipped: refused", async () => {
  const bytes = concat(...seal(plaintexts));
  assert.deepEqual(await open(bytes), concat(...plaintexts));
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    await rejects(open(flipped), undefined, `bit ${bit}`);
  }
});

test("cut at every byte: refused, and said to be truncated wherever that can be told", async () => {
  const pieces = seal(plaintexts);
  const bytes = concat(...pieces);
  const finalTagEnds = bytes.length - pieces.at(-1).length + 1 + 16;
  for (let length = 0; length < bytes.length; length++) {
    await rejects(open(bytes.subarray(0, length)), length < finalTagEnds ? "truncated" : "not-opened", `${length} bytes`);
  }
});

test("chunks in another order, repeated, left out, or of another answer: refused", async () => {
  const [nonce, first, second, last] = seal(plaintexts);
  const [, foreign] = seal(plaintexts);
  const table = {
    "reordered": [nonce, second, first, last],
    "repeated": [nonce, first, first, second, last],
    "first left out": [nonce, second, last],
    "middle left out": [nonce, first, last],
    "of another answer": [nonce, foreign, second, last],
    "final repeated": [nonce, first, second, last, last],
    "bytes behind the final": [nonce, first, second, last, Uint8Array.of(0)],
  };
  for (const [name, pieces] of Object.entries(table)) {
    await rejects(open(...pieces), "not-opened", name);
  }

  await rejects(open(nonce, first, second), "truncated");
});

test("a chunk passed off as final, or the final as another: refused", async () => {
  const [nonce, first, second, last] = seal(plaintexts);

  await rejects(open(nonce, first, varint(0), second.subarray(1)), "not-opened");
  await rejects(open(nonce, first, second, varint(last.length - 1), last.subarray(1), last), "not-opened");
  await rejects(open(...seal(plaintexts, { isFinal: false })), "truncated");
});

test("an empty chunk that is not final: refused", async () => {
  await rejects(open(...seal([new Uint8Array(0), Uint8Array.of(1)])), "not-opened");
});

test("the longest chunk is opened, a longer one refused before it has arrived", async () => {
  const longest = new Uint8Array(maxChunkLength);
  assert.equal((await open(...seal([longest, longest]))).length, 2 * maxChunkLength);
  await rejects(open(...seal([longest, concat(longest, Uint8Array.of(0))])), "too-large");

  const announced = async function* () {
    yield concat(randomBytes(32), varint(maxChunkLength + 17));
    throw new Error("It went on reading.");
  };
  await rejects(collect(request.open(announced(), 8 << 20)), "too-large");
  await rejects(open(randomBytes(32), new Uint8Array(8).fill(0xff)), "too-large");   // a length of 62 bits
});

test("more in all than the limit: refused", async () => {
  await rejects(collect(request.open(inPieces(concat(...seal([randomBytes(60), randomBytes(41)]))), 100)), "too-large");
});

test("what was opened before the failure has been given out, and is authentic", async () => {
  const [nonce, first, second, last] = seal(plaintexts);
  last[5] ^= 1;
  const opened = request.open(inPieces(concat(nonce, first, second, last)), 1024);

  assert.deepEqual((await opened.next()).value, new Uint8Array(plaintexts[0]));
  assert.deepEqual((await opened.next()).value, new Uint8Array(plaintexts[1]));
  await rejects(opened.next(), "not-opened");
});

// Binary HTTP

const read = async (bytes, length) => {
  const head = await readResponse(inPieces(hex(bytes.replaceAll(" ", "")), length));
  return { status: head.status, headers: Object.fromEntries(head.headers), content: Buffer.from(await collect(head.content)).toString() };
};
const plain = { status: 200, headers: { a: "b" }, content: "hi" };

test("Binary HTTP responses of every form: read", async () => {
  const table = {
    "known length": ["01 40c8 04 01610162 02 6869 00", plain],
    "trailers are dropped": ["01 40c8 04 01610162 02 6869 04 01780179", plain],
    "without trailers": ["01 40c8 04 01610162 02 6869", plain],
    "without content": ["01 40c8 04 01610162", { ...plain, content: "" }],
    "padded": ["01 40c8 04 01610162 02 6869 00 000000", plain],
    "padded in the place of content and trailers": ["01 40c8 04 01610162 000000", { ...plain, content: "" }],
    "informational responses before it": ["01 4064 00 4067 04 01780179 40c8 04 01610162 02 6869 00", plain],
    "integers that are longer than they need be": ["4001 800000c8 4005 4001610162 c000000000000002 6869 4000", plain],
    "indeterminate length": ["03 40c8 01610162 00 01 68 01 69 00 00", plain],
    "indeterminate length, with trailers": ["03 40c8 01610162 00 02 6869 00 01780179 00", plain],
    "indeterminate length, without trailers": ["03 40c8 01610162 00 02 6869 00", plain],
    "indeterminate length, informational": ["03 4064 01780179 00 40c8 01610162 00 02 6869 00 00 0000", plain],
    "a field with no value": ["01 40c8 03 016100 00 00", { status: 200, headers: { a: "" }, content: "" }],
    "a field twice": ["01 40c8 08 01610162 01610163 00 00", { status: 200, headers: { a: "b, c" }, content: "" }],
  };
  for (const [name, [bytes, expected]] of Object.entries(table)) {
    for (const length of [1, 3, undefined]) {
      assert.deepEqual(await read(bytes, length), expected, name);
    }
  }
});

test("Binary HTTP that is malformed: refused", async () => {
  const table = {
    "empty": "",
    "a request": "00 03474554 00",
    "another framing": "02 40c8 00 00 00",
    "no status": "01",
    "half a status": "01 40",
    "status 99": "01 4063 00 00 00",
    "status 600": "01 4258 00 00 00",
    "no headers": "01 40c8",
    "half a length of headers": "01 40c8 40",
    "headers that end early": "01 40c8 05 01610162",
    "a name without a value": "01 40c8 02 0161 00 00",
    "a name that ends early": "01 40c8 02 0561 00 00",
    "a value over the end of the headers": "01 40c8 04 01610262 00 00",
    "half a length at the end of the headers": "01 40c8 05 0161016240 00 00",
    "a name of no bytes": "01 40c8 02 0000 00 00",
    "a name in upper case": "01 40c8 04 01410162 00 00",
    "a pseudo-header": "01 40c8 04 013a0162 00 00",
    "a name with a space": "01 40c8 04 01200162 00 00",
    "a line feed in a value": "01 40c8 04 0161010a 00 00",
    "a null in a value": "01 40c8 04 01610100 00 00",
    "a space around a value": "01 40c8 05 0161022062 00 00",
    "content that ends early": "01 40c8 00 03 6869",
    "half a length of content": "01 40c8 00 40",
    "trailers that end early": "01 40c8 00 00 04 016101",
    "half a length of trailers": "01 40c8 00 00 40",
    "another byte among the padding": "01 40c8 00 00 00 000001",
    "informational only": "01 4064 00",
    "17 informational responses": `01 ${"4064 00 ".repeat(17)} 40c8 00 00 00`,
    "indeterminate headers without an end": "03 40c8 01610162",
    "indeterminate content without an end": "03 40c8 00 02 6869",
    "indeterminate content that ends early": "03 40c8 00 03 6869",
    "indeterminate trailers without an end": "03 40c8 00 00 01610162",
    "indeterminate, another byte among the padding": "03 40c8 00 00 00 01",
  };
  for (const [name, bytes] of Object.entries(table)) {
    await rejects(read(bytes, 1), "malformed", name);
  }
});

test("headers over 32 KiB: refused before they are held, in either form", async () => {
  const value = "78".repeat(3000);
  const field = `01614bb8${value}`;
  await rejects(read(`01 40c8 ${toHex(varint(32769))}`), "too-large");
  await rejects(read(`01 40c8 00 00 ${toHex(varint(32769))}`), "too-large");
  await rejects(read(`03 40c8 ${toHex(varint(32769))}`), "too-large");
  await rejects(read(`03 40c8 0161 ${toHex(varint(32769))}`), "too-large");
  await rejects(read(`03 40c8 ${field.repeat(11)} 00 00`), "too-large");
  assert.equal((await read(`03 40c8 ${field.repeat(10)} 00 00`)).status, 200);
});

test("a response cut at every byte: refused, but where only empty parts are missing", async () => {
  const bytes = encodeResponse(200, { a: "b", c: "d" }, "content");
  const allowed = [bytes.length - 9, bytes.length - 1];   // behind the headers, and behind the content
  for (let length = 0; length < bytes.length; length++) {
    const reading = readResponse(inPieces(bytes.subarray(0, length))).then(head => collect(head.content));
    await (allowed.includes(length) ? reading : rejects(reading, "malformed", `${length} bytes`));
  }
});
