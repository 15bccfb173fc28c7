// What an author's code does with a server. Node and Chromium run it alike; what came of it is reported as JSON.

import { SealedClient } from "../dist/index.js";
import { chooseKey, sealChunks } from "../dist/ohttp.js";
import { encapsulationOf, hex, keyPair, toHex } from "./hex.mjs";

/** One inference, and the known answers. */
export async function infer(origin, { url, service, sha256, model, inputs }) {
  const answer = await SealedClient.pinned(url, { sha256 }, { service, padding: true }).infer(model, inputs);
  return { origin, knownAnswers: await sealsKnownBytes(origin), outputs: answer.outputs };
}

/**
 * Everything with a real server, which has the model `good` (a + b, of two columns). `widen` is a model in base64 that makes as many floats as its
 * input says.
 */
export async function everything(origin, { url, service, sha256, widen }) {
  const seen = watchFetch();
  const options = { service, padding: true };
  const client = SealedClient.pinned(url, { sha256 }, options);
  const pair = rows => ["a", "b"].map((name, index) => (
    { name, datatype: "FP32", shape: [rows, 2], data: Array.from({ length: 2 * rows }, (_, at) => at + index) }));
  const times = { name: "times", datatype: "INT64", shape: [1], data: [100_000] };
  const report = { origin };

  report.outputs = (await client.infer("good", pair(1))).outputs;
  const missing = await outcome(client.infer("missing", pair(1)));
  report.lengths = await Promise.all(seen.filter(({ sent }) => sent !== undefined).map(async ({ sent, got }) => [sent, await got]));

  const many = pair(10_000);
  const sum = (await client.infer("good", many)).outputs[0].data;
  report.largeRequest = { sent: seen.at(-1).sent, isRight: sum.length === 20_000 && sum.every((value, at) => value === 2 * at + 1) };

  const upload = { method: "PUT", headers: { "content-type": "application/onnx" }, body: Uint8Array.from(atob(widen), character => character.charCodeAt(0)) };
  report.uploaded = (await client.fetch("/v2/models/widen", upload)).status;
  report.largeAnswer = (await client.infer("widen", [times])).outputs[0].data.filter(value => value === 1).length;
  const streamed = await client.fetch("/v2/models/widen/infer", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ inputs: [times] }) });
  let pieces = 0;
  for (const reader = streamed.body.getReader(); !(await reader.read()).done;) {
    pieces++;
  }

  report.comesInPieces = pieces > 1;
  report.withoutPadding = (await SealedClient.pinned(url, { sha256 }, { service }).infer("good", pair(1))).outputs;
  report.verified = (await SealedClient.verifiedBy(url, `${origin}/verdict/${sha256}`, options).fetch("/v2")).status;

  const keys = new Uint8Array(await (await fetch(new URL("/.well-known/blindai/ohttp-keys", url))).arrayBuffer());
  const otherId = keys.slice();
  otherId[2]++;
  const otherKey = keys.slice();
  const { publicKey } = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  otherKey.set(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)), 5);
  const pinned = (pin, name = service) => SealedClient.pinned(url, pin, { ...options, service: name });
  report.refusals = {
    missing,
    dataMissing: await outcome(client.infer("good", [pair(1)[0], { ...pair(1)[1], shape: [3, 2] }])),
    otherService: await outcome(pinned(keys, "other.example").infer("good", pair(1))),
    pathWithin: (await (await client.fetch("/blindai/sealed", { method: "POST" })).json()).code,
    keyGone: await outcome(pinned(otherId).fetch("/v2")),
    otherKey: await outcome(pinned(otherKey).fetch("/v2")),
  };

  const before = seen.length;
  report.refusals.otherPin = await outcome(pinned({ sha256: "0".repeat(64) }).infer("good", pair(1)));
  report.refusals.otherVerdict = await outcome(SealedClient.verifiedBy(url, `${origin}/verdict/${"0".repeat(64)}`, options).infer("good", pair(1)));
  report.sentToOthers = seen.slice(before).filter(({ sent }) => sent !== undefined).length;
  return report;
}

const outcome = promise => promise.then(() => "answered", error => `${error.name} ${error.code}`);

// What goes over the network: how many bytes were sent and came back.
function watchFetch() {
  const seen = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    seen.push({ sent: init?.body?.length, got: answer.clone().arrayBuffer().then(bytes => bytes.byteLength) });
    return answer;
  };
  return seen;
}

async function sealsKnownBytes(origin) {
  const vector = async name => (await fetch(`${origin}/vectors/ohttp/${name}/case.json`)).json();
  const [request, response] = [await vector("sealed-request"), await vector("sealed-response")];
  const chunks = request.chunks.map(hex);
  const { body, open } = await sealChunks(
    chooseKey(hex(request.keys)), chunks.slice(0, -1), chunks.at(-1), await keyPair(request.ephemeral_private_key, encapsulationOf(request.sealed)));
  let opened = "";
  for await (const piece of open((async function* () { yield hex(response.sealed); })(), 1024)) {
    opened += toHex(piece);
  }

  return toHex(body) === request.sealed && opened === response.expect.plaintext;
}
