// Runs one inference through a real server: node e2e.mjs URL SERVICE KEYS_SHA256 MODEL INPUTS
// INPUTS is a JSON array of tensors. The outputs are written as JSON.

import { SealedClient } from "../dist/index.js";

// The key is pinned, so the certificate need not be believed.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
process.removeAllListeners("warning");

const [url, service, sha256, model, inputs] = process.argv.slice(2);
const client = SealedClient.pinned(url, { sha256 }, { service, padding: true });
const answer = await client.infer(model, JSON.parse(inputs));
console.log(JSON.stringify(answer.outputs));
