// The client against a server of its own over loopback.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { SealedClient, SealedRequestError, ServingError } from "../dist/index.js";
import { encodeResponse, startResponder } from "./responder.mjs";

const service = "models.example";
let last, answer, responder;

before(async () => {
  responder = await startResponder(request => {
    last = request;
    return answer(request);
  });
});

after(() => responder.stop());

const says = (status, body, headers = {}) => () => [encodeResponse(status, headers, body)];
const pinned = (options = {}) => SealedClient.pinned(responder.url, responder.keys, { service, ...options });
const sealedRequests = () => responder.requests.filter(request => request.path === "/blindai/sealed").length;
const code = value => error => error instanceof SealedRequestError && error.code === value;

test("a request arrives as it was made, with the date, and nothing of it stands outside", async () => {
  answer = says(201, '{"a":"ü"}', { "content-type": "application/json", "x-answer": "yes" });
  const response = await pinned({ namespace: "bank" }).fetch("/v2/models/m?x=1", { method: "PUT", headers: { "X-One": "1" }, body: "marked body" });

  assert.equal(response.status, 201);
  assert.equal(response.ok, true);
  assert.equal(response.headers.get("x-answer"), "yes");
  assert.deepEqual(await response.json(), { a: "ü" });
  assert.deepEqual([last.method, last.scheme, last.authority, last.path, last.body.toString()], ["PUT", "https", service, "/v2/models/m?x=1", "marked body"]);
  const { date, ...headers } = last.headers;
  assert.deepEqual(headers, { "x-one": "1", "blindai-namespace": "bank" });
  assert.match(date, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.ok(Math.abs(Date.now() - Date.parse(date)) < 600_000);
  const outer = responder.requests.at(-1);
  assert.deepEqual([outer.method, outer.path, outer.headers["content-type"], outer.headers.incremental], ["POST", "/blindai/sealed", "message/ohttp-chunked-req", "?1"]);
  assert.ok(!JSON.stringify(outer).includes("marked") && !JSON.stringify(outer).includes("bank"));
});

test("bytes go and come unchanged, a megabyte in chunks that every receiver accepts", async () => {
  answer = request => [encodeResponse(200, {}, request.body)];
  const body = crypto.getRandomValues(new Uint8Array(65536));
  const large = new Uint8Array(1_000_000).map((_, index) => body[index % body.length]);
  const response = await pinned().fetch("/v2/echo", { method: "POST", body: large });

  assert.deepEqual(await response.bytes(), large);
  assert.equal(last.chunks, 62);
  assert.equal((await (await pinned().fetch("/v2")).bytes()).length, 0);
  assert.equal(last.method, "GET");
});

test("padding: the message is a power of two, 1024 bytes or more, and asks for the same", async () => {
  answer = says(200, "");
  for (const [length, expected] of [[0, 1024], [800, 1024], [1100, 2048], [5000, 8192]]) {
    await (await pinned({ padding: true }).fetch("/v2", { method: "POST", body: new Uint8Array(length) })).bytes();
    assert.equal(last.length, expected);
    assert.equal(last.headers["blindai-padding"], "1");
    assert.ok(last.padding > 0);
  }
});

test("a pin of the bytes: the server is not asked for its keys", async () => {
  answer = says(200, "");
  const before = responder.requests.length;
  await pinned().fetch("/v2");

  assert.equal(responder.requests.length, before + 1);
});

test("a pin of the digest: the keys are fetched once and compared", async () => {
  answer = says(200, "");
  const before = responder.requests.length;
  const client = SealedClient.pinned(responder.url, { sha256: responder.sha256.toUpperCase() }, { service });
  await client.fetch("/v2");
  await client.fetch("/v2");

  assert.deepEqual(responder.requests.slice(before).map(request => request.path), ["/.well-known/blindai/ohttp-keys", "/blindai/sealed", "/blindai/sealed"]);
});

test("a pin of another digest: nothing is sent", async () => {
  const before = sealedRequests();
  const client = SealedClient.pinned(responder.url, { sha256: "0".repeat(64) }, { service });

  await assert.rejects(client.fetch("/v2"), code("key-mismatch"));
  assert.equal(sealedRequests(), before);
});

test("a pin of other bytes: the server does not know the key", async () => {
  const other = await startResponder(says(200, ""));
  await other.rotate();
  const before = sealedRequests();

  await assert.rejects(SealedClient.pinned(responder.url, other.keys, { service }).fetch("/v2"), code("key-unknown"));
  assert.equal(sealedRequests(), before + 1);
  await other.stop();
});

test("wrong use: refused at once", async () => {
  assert.throws(() => SealedClient.pinned(responder.url, { sha256: "abc" }, { service }), TypeError);
  assert.throws(() => SealedClient.pinned(responder.url, responder.keys, {}), TypeError);
  assert.throws(() => SealedClient.verifiedBy(responder.url, "http://verifier.example/", { service }), TypeError);
  assert.throws(() => SealedClient.verifiedBy("https://a.example", "https://a.example/verify", { service }), TypeError);
  for (const maxResponseBytes of [0, -1, 1.5, NaN, Infinity, "1000"]) {
    assert.throws(() => pinned({ maxResponseBytes }), TypeError, String(maxResponseBytes));
  }

  const before = sealedRequests();
  for (const name of ["Date", "Host", "Connection", "Proxy-Authorization", "Transfer-Encoding", "Content-Length", "Expect", "blindai-padding"]) {
    await assert.rejects(pinned().fetch("/v2", { headers: { [name]: "1" } }), TypeError, name);
  }

  for (const path of ["v2", "", "/v2#part", "/a b", "/ü", "https://models.example/v2"]) {
    await assert.rejects(pinned().fetch(path), TypeError, path);
  }

  await assert.rejects(pinned().fetch("/v2", { method: "P T" }), TypeError);
  await assert.rejects(pinned({ namespace: "a\nb: c" }).fetch("/v2"), TypeError);
  await assert.rejects(pinned({ service: "a b" }).fetch("/v2"), TypeError);
  assert.equal(sealedRequests(), before);
});

test("whatever is not sealed: never an answer", async () => {
  const problem = "https://iana.org/assignments/http-problem-types#ohttp-key";
  const table = {
    "a page": { status: 200, type: "text/html", body: "<p>Log in" },
    "the answer in clear": { status: 200, type: "application/json", body: '{"outputs":[]}' },
    "a sealed answer without chunks": { status: 200, type: "message/ohttp-res", body: "x" },
    "a gateway's error": { status: 502, type: "text/plain", body: "bad gateway" },
    "an error that calls itself sealed": { status: 400, type: "message/ohttp-chunked-res", body: "x" },
    "another problem": { status: 400, type: "application/problem+json", body: '{"type":"about:blank"}' },
    "a problem that is no JSON": { status: 400, type: "application/problem+json", body: "{" },
    "a problem without end": { status: 400, type: "application/problem+json", body: `{"type":"${problem}","x":"${"x".repeat(20000)}"}` },
    "the problem under another status": { status: 403, type: "application/problem+json", body: `{"type":"${problem}"}` },
  };
  for (const [name, unsealed] of Object.entries(table)) {
    answer = () => unsealed;
    await assert.rejects(pinned().fetch("/v2"), code("unauthenticated"), name);
  }

  answer = () => ({ status: 200, type: "message/ohttp-chunked-res", body: "x".repeat(100) });
  await assert.rejects(pinned().fetch("/v2"), error => error instanceof SealedRequestError);
});

test("no WebCrypto: said at once", t => {
  t.mock.getter(crypto, "subtle", () => undefined);

  assert.throws(() => pinned(), { name: "TypeError", message: /https/ });
});

test("nothing of the caller goes along, and nobody sends the request elsewhere", async t => {
  const inits = [];
  const { fetch } = globalThis;
  t.mock.method(globalThis, "fetch", (url, init) => (inits.push(init), fetch(url, init)));
  answer = says(200, "");
  await SealedClient.pinned(responder.url, { sha256: responder.sha256 }, { service }).fetch("/v2");
  const before = sealedRequests();
  const elsewhere = createServer((_, response) => response.writeHead(307, { location: `${responder.url}/blindai/sealed` }).end());
  await new Promise(resolve => elsewhere.listen(0, "127.0.0.1", resolve));
  await assert.rejects(SealedClient.pinned(`http://127.0.0.1:${elsewhere.address().port}`, responder.keys, { service }).fetch("/v2"), code("unreachable"));
  elsewhere.close();

  assert.equal(sealedRequests(), before);
  assert.equal(inits.length, 3);
  for (const { credentials, cache, redirect, referrerPolicy } of inits) {
    assert.deepEqual([credentials, cache, redirect, referrerPolicy], ["omit", "no-store", "error", "no-referrer"]);
  }
});

test("nobody at the address: unreachable", async () => {
  const gone = await startResponder(says(200, ""));
  await gone.stop();

  await assert.rejects(SealedClient.pinned(gone.url, gone.keys, { service }).fetch("/v2"), code("unreachable"));
});

test("the body is given out chunk by chunk, as it arrives", async () => {
  let release;
  const released = new Promise(resolve => release = resolve);
  answer = () => [encodeResponse(200, {}, "first second").slice(0, -8), Buffer.from(" second\0")];
  responder.tamper = async function* ([nonce, first, second]) {
    yield nonce;
    yield first;
    await released;
    yield second;
  };
  const response = await pinned().fetch("/v2");
  const reader = response.body.getReader();
  assert.equal(Buffer.from((await reader.read()).value).toString(), "first");
  release();
  assert.equal(Buffer.from((await reader.read()).value).toString(), " second");
  assert.equal((await reader.read()).done, true);
  responder.tamper = pieces => pieces;
});

test("a body without its final chunk, or cut by the connection: an error, not an end", async () => {
  answer = () => [encodeResponse(200, {}, "first second").slice(0, -8), Buffer.from(" second\0")];
  for (const broken of [pieces => pieces.slice(0, 2), async function* (pieces) {
    yield* pieces.slice(0, 2);
    await new Promise(resolve => setTimeout(resolve, 50));
    throw new Error("The connection is cut.");
  }]) {
    responder.tamper = broken;
    const response = await pinned().fetch("/v2");
    assert.equal(response.status, 200);
    await assert.rejects(response.text(), code("truncated"));
  }

  responder.tamper = pieces => pieces;
});

test("a body that is given up, or aborted: the connection is closed", async () => {
  answer = () => [encodeResponse(200, {}, "first second").slice(0, -8), Buffer.from(" second\0")];
  for (const giveUp of [response => response.body.cancel(), (_, controller) => controller.abort()]) {
    let close;
    const closed = new Promise(resolve => close = resolve);
    responder.tamper = async function* (pieces, outer) {
      outer.on("close", close);
      yield* pieces.slice(0, 2);
      await closed;
    };
    const controller = new AbortController();
    const response = await pinned().fetch("/v2", { signal: controller.signal });
    await giveUp(response, controller);
    await closed;
    if (controller.signal.aborted) {
      await assert.rejects(response.text(), { name: "AbortError" });
    }
  }

  responder.tamper = pieces => pieces;
  await assert.rejects(pinned().fetch("/v2", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("more than the limit in all: refused", async () => {
  answer = says(200, "x".repeat(2000));

  await assert.rejects(async () => (await pinned({ maxResponseBytes: 1000 }).fetch("/v2")).text(), code("too-large"));
  assert.equal((await (await pinned({ maxResponseBytes: 3000 }).fetch("/v2")).text()).length, 2000);
});

test("infer: tensors go and come, a refusal is thrown with its code", async () => {
  const tensor = { name: "x", datatype: "FP32", shape: [1], data: [0.5] };
  answer = says(200, JSON.stringify({ model_name: "m", model_version: "1", outputs: [tensor] }));
  assert.deepEqual((await pinned().infer("m", [tensor])).outputs, [tensor]);
  assert.deepEqual([last.method, last.path, last.headers["content-type"], JSON.parse(last.body)], ["POST", "/v2/models/m/infer", "application/json", { inputs: [tensor] }]);

  answer = says(404, '{"error":"No such model.","code":710}');
  await assert.rejects(pinned().infer("m", [tensor]), error => error instanceof ServingError && error.status === 404 && error.code === 710 && error.message === "No such model.");
  answer = says(500, "?");
  await assert.rejects(pinned().infer("m", [tensor]), { name: "ServingError", code: undefined });
});

// A verifier service

async function startVerifier(verdict) {
  const verifier = { asked: 0, verdict };
  const server = createServer((_, response) => {
    verifier.asked++;
    const { status = 200, ...body } = verifier.verdict();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  verifier.url = `http://127.0.0.1:${server.address().port}/verdict`;
  verifier.stop = () => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return verifier;
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

test("a verifier: asked once while its word holds", async () => {
  answer = says(200, "");
  const verifier = await startVerifier(() => ({ sha256: responder.sha256, validUntil: inAnHour() }));
  const client = SealedClient.verifiedBy(responder.url, verifier.url, { service });
  await client.fetch("/v2");
  await client.fetch("/v2");

  assert.equal(verifier.asked, 1);
  await verifier.stop();
});

test("a verifier whose word has run out: asked again", async () => {
  answer = says(200, "");
  const verifier = await startVerifier(() => ({ sha256: responder.sha256, validUntil: new Date(Date.now() + 300).toISOString() }));
  const client = SealedClient.verifiedBy(responder.url, verifier.url, { service });
  await client.fetch("/v2");
  await new Promise(resolve => setTimeout(resolve, 350));
  await client.fetch("/v2");

  assert.equal(verifier.asked, 2);
  await verifier.stop();
});

test("a server that has new keys: the verifier is asked again, and the request sent once more", async () => {
  answer = says(200, "");
  const verifier = await startVerifier(() => ({ sha256: responder.sha256, validUntil: inAnHour() }));
  const client = SealedClient.verifiedBy(responder.url, verifier.url, { service });
  await client.fetch("/v2");
  const before = sealedRequests();
  await responder.rotate();

  assert.equal((await client.fetch("/v2")).status, 200);
  assert.equal(verifier.asked, 2);
  assert.equal(sealedRequests(), before + 2);
  await verifier.stop();
});

test("a server that has new keys, and a pin of the old: nothing more is sent", async () => {
  answer = says(200, "");
  const byDigest = SealedClient.pinned(responder.url, { sha256: responder.sha256 }, { service });
  const byBytes = pinned();
  await byDigest.fetch("/v2");
  await responder.rotate();
  const before = sealedRequests();

  await assert.rejects(byDigest.fetch("/v2"), code("key-mismatch"));
  await assert.rejects(byDigest.fetch("/v2"), code("key-mismatch"));
  assert.equal(sealedRequests(), before + 1);
  await assert.rejects(byBytes.fetch("/v2"), code("key-unknown"));
  assert.equal(sealedRequests(), before + 2);
});

test("somebody who only says that the key is unknown: the request is not sent again", async () => {
  const verifier = await startVerifier(() => ({ sha256: responder.sha256, validUntil: inAnHour() }));
  answer = () => ({ status: 400, type: "application/problem+json", body: '{"type":"https://iana.org/assignments/http-problem-types#ohttp-key"}' });
  const before = sealedRequests();

  await assert.rejects(SealedClient.verifiedBy(responder.url, verifier.url, { service }).fetch("/v2"), code("key-unknown"));
  assert.equal(sealedRequests(), before + 1);
  await verifier.stop();
});

test("a verifier that does not name a key that is valid now: nothing is sent", async () => {
  const before = responder.requests.length;
  const sha256 = responder.sha256;
  const verifier = await startVerifier();
  const client = SealedClient.verifiedBy(responder.url, verifier.url, { service });
  const table = {
    "an error": { status: 500, sha256, validUntil: inAnHour() },
    "no digest": { validUntil: inAnHour() },
    "half a digest": { sha256: sha256.slice(32), validUntil: inAnHour() },
    "no time": { sha256 },
    "a time that has passed": { sha256, validUntil: new Date(Date.now() - 1000).toISOString() },
    "a time that is none": { sha256, validUntil: "tomorrow" },
    "a number": { sha256, validUntil: Date.now() + 3_600_000 },
    "a local time": { sha256, validUntil: "2999-01-01T00:00:00" },
  };
  for (const [name, verdict] of Object.entries(table)) {
    verifier.verdict = () => verdict;
    await assert.rejects(client.fetch("/v2"), code("not-verified"), name);
  }

  verifier.verdict = () => ({ sha256: "0".repeat(64), validUntil: inAnHour() });
  await assert.rejects(client.fetch("/v2"), code("key-mismatch"));
  assert.equal(responder.requests.length, before + 1);   // for the keys, which were other ones
  await verifier.stop();
});
