// The module in a real Chromium, against a server of its own. Apart from the unit tests: it needs the browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runPage } from "./browser.mjs";
import { encodeResponse, startResponder } from "./responder.mjs";

const tensor = { name: "x", datatype: "FP32", shape: [1], data: [0.5] };

test("Chromium, from a page of another origin: seals the known bytes and an inference, and opens the answer", async () => {
  let last;
  const responder = await startResponder(request => {
    last = request;
    const text = encodeResponse(200, { "content-type": "application/json" }, JSON.stringify({ model_name: "m", model_version: "1", outputs: [tensor] }));
    return [text.slice(0, 50), text.slice(50)];
  });
  try {
    const outcome = await runPage("infer", { url: responder.url, service: "models.example", sha256: responder.sha256, model: "m", inputs: [tensor] });

    assert.equal(outcome.error, undefined);
    assert.equal(outcome.knownAnswers, true);
    assert.deepEqual(outcome.outputs, [tensor]);
    assert.deepEqual(JSON.parse(last.body), { inputs: [tensor] });
    assert.equal(last.length, 1024);
    const sealed = responder.requests.filter(request => request.path === "/blindai/sealed");
    assert.deepEqual(sealed.map(request => request.method), ["OPTIONS", "POST"]);
    assert.equal(sealed[1].headers.origin, outcome.origin);
  } finally {
    await responder.stop();
  }
});

test("Chromium, when the server shows other keys: nothing is sealed", async () => {
  const responder = await startResponder(() => assert.fail("A request arrived."));
  try {
    const outcome = await runPage("infer", { url: responder.url, service: "models.example", sha256: "0".repeat(64), model: "m", inputs: [tensor] });

    assert.match(outcome.error, /^SealedRequestError key-mismatch/);
    assert.ok(responder.requests.every(request => request.path !== "/blindai/sealed"));
  } finally {
    await responder.stop();
  }
});
