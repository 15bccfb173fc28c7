// Runs a scenario in Node: node e2e.mjs SCENARIO PARAMETERS
// What came of it is written as JSON; the exit code is 1 when it is an error.

import { startPages } from "./pages.mjs";
import * as scenarios from "./scenarios.mjs";

// The key is pinned, so the certificate need not be believed.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
process.removeAllListeners("warning");

const [scenario, parameters] = process.argv.slice(2);
const pages = await startPages();
try {
  console.log(JSON.stringify(await scenarios[scenario](pages.origin, JSON.parse(parameters))));
} finally {
  pages.stop();
}
