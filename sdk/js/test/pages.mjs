// The author's side on a free loopback port: the page, the module, the vectors, and a verifier that vouches for the digest in its path.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const root = new URL("../", import.meta.url);
const repository = new URL("../../", root);
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".mjs": "text/javascript" };
const served = /^\/(dist\/[a-z-]+\.js|test\/(hex|scenarios)\.mjs|test\/page\.html)$/;
const vectors = /^\/vectors\/ohttp\/[a-z0-9-]+\/case\.json$/;
const verdict = /^\/verdict\/([0-9a-f]{64})$/;

/** Answers `{ origin, outcome, stop }`; `outcome` is what the page reports. */
export async function startPages() {
  let report;
  const outcome = new Promise(resolve => report = resolve);
  const answer = async (request, response) => {
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
    } else if (verdict.test(pathname)) {
      const [, sha256] = verdict.exec(pathname);
      response.writeHead(200, { "content-type": types[".json"] }).end(JSON.stringify({ sha256, validUntil: new Date(Date.now() + 3_600_000).toISOString() }));
    } else {
      response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    outcome,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
