// The snippet of the README and the end-to-end program, as they stand.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodeResponse, startResponder } from "./responder.mjs";

const file = path => fileURLToPath(new URL(path, import.meta.url));
const run = (...values) => promisify(execFile)(process.execPath, values, { timeout: 60_000 });

const outputs = [{ name: "p", datatype: "FP32", shape: [1, 2], data: [0.25, 0.75] }];
let requests, responder;

before(async () => {
  responder = await startResponder(request => {
    requests.push(request);
    return [encodeResponse(200, { "content-type": "application/json" }, JSON.stringify({ model_name: "credit", model_version: "1", outputs }))];
  });
});

after(() => responder.stop());

test("the README's snippet runs, with another server than it shows", async () => {
  requests = [];
  const [, snippet] = /^```js\n(.*?)^```/ms.exec(await readFile(file("../README.md"), "utf8"));
  const here = snippet.replace("https://inference.example", responder.url).replace(/[0-9a-f]{64}/, responder.sha256);
  await writeFile(file("../dist/readme.mjs"), here);   // inside the package, so that its name is found

  assert.equal((await run(file("../dist/readme.mjs"))).stdout, "[ 0.25, 0.75 ]\n200\n");
  assert.deepEqual(requests.map(request => [request.method, request.path, request.authority, request.headers["blindai-namespace"]]), [
    ["POST", "/v2/models/credit/infer", "inference.example", "bank"], ["GET", "/v2/models/credit", "inference.example", "bank"],
  ]);
});

test("the end-to-end program prints the outputs, and fails when the keys are other ones", async () => {
  requests = [];
  const infer = sha256 => run(file("e2e.mjs"), "infer", JSON.stringify(
    { url: responder.url, service: "models.example", sha256, model: "credit", inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [1] }] }));

  assert.deepEqual(JSON.parse((await infer(responder.sha256)).stdout).outputs, outputs);
  await assert.rejects(infer("0".repeat(64)), { code: 1, stdout: "" });
  assert.equal(requests.length, 1);
});

test("the README's commands are scripts of the package", async () => {
  const [, commands] = /^```bash\n(.*?)^```/ms.exec(await readFile(file("../README.md"), "utf8"));
  const { scripts } = JSON.parse(await readFile(file("../package.json"), "utf8"));

  assert.deepEqual([...commands.matchAll(/^npm (?:run )?(.+)$/gm)].map(([, name]) => name).filter(name => name !== "ci"), Object.keys(scripts));
});

test("the module needs nothing at run time but itself", async () => {
  assert.equal(JSON.parse(await readFile(file("../package.json"), "utf8")).dependencies, undefined);
  for (const name of (await readdir(file("../src")))) {
    const source = await readFile(file(`../src/${name}`), "utf8");
    for (const [, from] of source.matchAll(/(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)) {
      assert.match(from, /^\.\/[a-z-]+\.js$/, name);
    }
  }
});
