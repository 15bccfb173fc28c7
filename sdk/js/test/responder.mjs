// The server's side of sealed requests, for tests: @hpke/core and node:crypto, nothing of the module under test.

import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import { concat, u16 } from "./bytes.mjs";

const requestLabel = Buffer.from("message/bhttp chunked request");
const responseLabel = Buffer.from("message/bhttp chunked response");
const final = Buffer.from("final");
const tagLength = 16;

export const suites = new Map([[1, [new Aes128Gcm(), 16]], [2, [new Aes256Gcm(), 32]]].map(([id, [aead, keyLength]]) =>
  [id, { suite: new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead }), keyLength }]));

export function varint(value) {
  return value < 64 ? Uint8Array.of(value) : value < 16384 ? u16(0x4000 | value) : Uint8Array.of(0x80 | value >> 24, value >> 16, value >> 8, value);
}

/** Reads an integer at the beginning of the bytes: [value, rest]. */
function readVarint(bytes) {
  const length = 1 << (bytes[0] >> 6);
  return [bytes.subarray(1, length).reduce((sum, byte) => sum * 256 + byte, bytes[0] & 0x3f), bytes.subarray(length)];
}

/** One configuration of `application/ohttp-keys`. */
export function keyConfiguration(id, publicKey, aeads = [2, 1]) {
  const configuration = concat(Uint8Array.of(id), u16(0x0010), publicKey, u16(4 * aeads.length), ...aeads.flatMap(aead => [u16(1), u16(aead)]));
  return concat(u16(configuration.length), configuration);
}

/** Opens a sealed request: the inner message, how many chunks it came in, and a way to seal the chunks of an answer. */
export async function openRequest(body, privateKey) {
  const header = body.subarray(0, 7);
  const { suite, keyLength } = suites.get(header[5] << 8 | header[6]);
  const enc = body.subarray(7, 72);
  const recipient = await suite.createRecipientContext({ recipientKey: privateKey, enc, info: concat(requestLabel, Uint8Array.of(0), header) });
  const parts = [];
  for (let rest = body.subarray(72); ;) {
    const [length, chunks] = readVarint(rest);
    if (length === 0) {
      parts.push(new Uint8Array(await recipient.open(chunks, final)));
      break;
    }

    parts.push(new Uint8Array(await recipient.open(chunks.subarray(0, length))));
    rest = chunks.subarray(length);
  }

  const secret = new Uint8Array(await recipient.export(responseLabel, keyLength));
  return { message: concat(...parts), chunks: parts.length, seal: (plaintexts, options) => sealResponse(secret, enc, keyLength, plaintexts, options) };
}

/** Seals an answer; the last plaintext is the final chunk. Answers its pieces: the nonce, then each chunk with its length. */
export function sealResponse(secret, enc, keyLength, plaintexts, { nonce = randomBytes(keyLength), isFinal = true } = {}) {
  const prk = createHmac("sha256", concat(enc, nonce)).update(secret).digest();
  const expand = (info, length) => createHmac("sha256", prk).update(info).update(Uint8Array.of(1)).digest().subarray(0, length);
  const key = expand("key", keyLength);
  const base = expand("nonce", 12);
  return [nonce, ...plaintexts.map((plaintext, index) => {
    const iv = Buffer.from(base);
    iv.writeUInt32BE((iv.readUInt32BE(8) ^ index) >>> 0, 8);
    const isLast = isFinal && index === plaintexts.length - 1;
    const cipher = createCipheriv(keyLength === 32 ? "aes-256-gcm" : "aes-128-gcm", key, iv).setAAD(isLast ? final : Buffer.alloc(0));
    const chunk = concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
    return concat(isLast ? varint(0) : varint(plaintext.length + tagLength), chunk);
  })];
}

/** Decodes a known-length request, padded or not. */
export function decodeRequest(message) {
  let rest = message;
  const next = () => {
    const [length, bytes] = readVarint(rest);
    rest = bytes.subarray(length);
    return bytes.subarray(0, length);
  };
  const text = () => Buffer.from(next()).toString("latin1");
  [, rest] = readVarint(rest);
  const [method, scheme, authority, path] = [text(), text(), text(), text()];
  const fields = next();
  const body = Buffer.from(next());
  next();
  const padding = rest.length;
  const headers = {};
  for (rest = fields; rest.length > 0;) {
    headers[text()] = text();
  }

  return { method, scheme, authority, path, headers, body, padding, length: message.length };
}

/** Encodes a known-length response. */
export function encodeResponse(status, headers, body) {
  const prefixed = bytes => concat(varint(bytes.length), bytes);
  const fields = Object.entries(headers).flatMap(([name, value]) => [prefixed(Buffer.from(name)), prefixed(Buffer.from(value))]);
  return concat(varint(1), varint(status), prefixed(concat(...fields)), prefixed(Buffer.from(body)), varint(0));
}

/**
 * A server for sealed requests on a free loopback port. `serve(request)` answers pieces of plaintext, of which the last is final, or
 * `{ status, type, body }` for an answer that is not sealed. What `tamper(pieces, response)` makes of the sealed pieces is sent.
 */
export async function startResponder(serve, { tamper = pieces => pieces, aeads = [2, 1] } = {}) {
  const kem = new DhkemP256HkdfSha256();
  const requests = [];
  const responder = { requests, tamper };
  responder.rotate = async () => {
    responder.pair = await kem.generateKeyPair();
    responder.keys = keyConfiguration((responder.keys?.[2] ?? 0) + 1, new Uint8Array(await kem.serializePublicKey(responder.pair.publicKey)), aeads);
    responder.sha256 = createHash("sha256").update(responder.keys).digest("hex");
  };
  await responder.rotate();
  const answers = async (request, response) => {
    const body = [];
    for await (const piece of request) {
      body.push(piece);
    }

    requests.push({ method: request.method, path: request.url, headers: request.headers });
    const cors = { "access-control-allow-origin": "*" };
    if (request.method === "OPTIONS") {
      response.writeHead(204, { ...cors, "access-control-allow-methods": "GET, POST", "access-control-allow-headers": "content-type, incremental" }).end();
    } else if (request.url === "/.well-known/blindai/ohttp-keys") {
      response.writeHead(200, { ...cors, "content-type": "application/ohttp-keys" }).end(responder.keys);
    } else if (concat(...body)[0] !== responder.keys[2]) {
      response.writeHead(400, { ...cors, "content-type": "application/problem+json" });
      response.end(JSON.stringify({ type: "https://iana.org/assignments/http-problem-types#ohttp-key", title: "key" }));
    } else {
      const opened = await openRequest(concat(...body), responder.pair.privateKey);
      const answer = await serve({ ...decodeRequest(opened.message), chunks: opened.chunks });
      if (!Array.isArray(answer)) {
        response.writeHead(answer.status, { ...cors, "content-type": answer.type }).end(answer.body);
        return;
      }

      response.writeHead(200, { ...cors, "content-type": "message/ohttp-chunked-res" });
      for await (const piece of responder.tamper(opened.seal(answer), response)) {
        response.write(piece);
      }

      response.end();
    }
  };
  const server = createServer((request, response) => {
    answers(request, response).catch(() => response.destroy());
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  responder.url = `http://127.0.0.1:${server.address().port}`;
  responder.stop = () => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return responder;
}
