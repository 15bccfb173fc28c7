// Runs one inference in Chromium, from a page of another origin: node browser.mjs URL SERVICE KEYS_SHA256 MODEL INPUTS
// The outcome of the page is written as JSON; the exit code is 1 when it is an error.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const limit = 60_000;
const root = new URL("../", import.meta.url);
const repository = new URL("../../", root);
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".mjs": "text/javascript" };
const served = /^\/(dist\/[a-z-]+\.js|test\/hex\.mjs|test\/page\.html)$/;
const vectors = /^\/vectors\/ohttp\/[a-z0-9-]+\/case\.json$/;

/** Opens the page in a new Chromium and answers what it reports. */
export async function runPage(url, service, sha256, model, inputs) {
  let report;
  const reported = new Promise((resolve, reject) => {
    report = resolve;
    setTimeout(reject, limit, new Error("The page reported nothing.")).unref();
  });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "POST" && pathname === "/outcome") {
      let text = "";
      for await (const piece of request.setEncoding("utf8")) {
        text += piece;
      }

      response.writeHead(204).end();
      report(JSON.parse(text));
    } else if (served.test(pathname) || vectors.test(pathname)) {
      const file = new URL(pathname.slice(1), served.test(pathname) ? root : repository);
      response.writeHead(200, { "content-type": types[extname(pathname)] }).end(await readFile(file));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  const page = new URL(`http://127.0.0.1:${server.address().port}/test/page.html`);
  page.search = new URLSearchParams({ url, service, sha256, model, inputs });
  const profile = await mkdtemp(join(tmpdir(), "blindai-page-"));
  const browser = spawn("chromium", [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--ignore-certificate-errors", `--user-data-dir=${profile}`, page.href,
  ], { stdio: "ignore", detached: true });
  const ended = new Promise(resolve => browser.once("exit", resolve));
  const failed = new Promise((_, reject) => {
    browser.once("error", reject);
    browser.once("exit", code => reject(new Error(`Chromium ended with ${code} before the page reported.`)));
  });
  try {
    return await Promise.race([reported, failed]);
  } finally {
    if (browser.pid !== undefined && browser.exitCode === null) {
      process.kill(-browser.pid, "SIGKILL");   // a group of its own: Chromium is many processes
      await ended;
    }

    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outcome = await runPage(...process.argv.slice(2));
  console.log(JSON.stringify(outcome));
  process.exitCode = outcome.error === undefined ? 0 : 1;
}
