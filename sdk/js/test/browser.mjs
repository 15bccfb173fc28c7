// Runs a scenario in Chromium, from a page of another origin: node browser.mjs SCENARIO PARAMETERS
// What came of it is written as JSON; the exit code is 1 when it is an error.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPages } from "./pages.mjs";

const limit = 120_000;

/** Opens the page in a new Chromium and answers what it reports. */
export async function runPage(scenario, parameters) {
  const pages = await startPages();
  const page = new URL("/test/page.html", pages.origin);
  page.search = new URLSearchParams({ scenario, parameters: JSON.stringify(parameters) });
  const profile = await mkdtemp(join(tmpdir(), "blindai-page-"));
  const browser = spawn("chromium", [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--ignore-certificate-errors", `--user-data-dir=${profile}`, page.href,
  ], { stdio: "ignore", detached: true });
  const ended = new Promise(resolve => browser.once("exit", resolve));
  const failed = new Promise((_, reject) => {
    browser.once("error", reject);
    browser.once("exit", code => reject(new Error(`Chromium ended with ${code} before the page reported.`)));
    setTimeout(reject, limit, new Error("The page reported nothing.")).unref();
  });
  try {
    return await Promise.race([pages.outcome, failed]);
  } finally {
    if (browser.pid !== undefined && browser.exitCode === null) {
      process.kill(-browser.pid, "SIGKILL");   // a group of its own: Chromium is many processes
      await ended;
    }

    pages.stop();
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outcome = await runPage(process.argv[2], JSON.parse(process.argv[3]));
  console.log(JSON.stringify(outcome));
  process.exitCode = outcome.error === undefined ? 0 : 1;
}
