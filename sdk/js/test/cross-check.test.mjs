// Against @hpke/core, an independent implementation: what we seal it opens, what it seals we open, and with the same keys both make the same bytes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { aeads, setUpSender } from "../dist/hpke.js";
import { chooseKey, sealRequest } from "../dist/ohttp.js";
import { collect, concat, inPieces } from "./bytes.mjs";
import { toHex } from "./hex.mjs";
import { keyConfiguration, openRequest, suites } from "./responder.mjs";

for (const aead of aeads) {
  const { suite } = suites.get(aead.id);

  test(`AEAD ${aead.id}: the same keys make the same bytes, also after 300 messages`, async () => {
    const [ephemeral, recipient] = [await suite.kem.generateKeyPair(), await suite.kem.generateKeyPair()];
    const recipientKey = new Uint8Array(await suite.kem.serializePublicKey(recipient.publicKey));
    const info = randomBytes(40);
    const ours = await setUpSender(recipientKey, aead, new Uint8Array(info), ephemeral);
    const theirs = await suite.createSenderContext({ recipientPublicKey: recipient.publicKey, info, ekm: ephemeral });

    assert.equal(toHex(ours.enc), toHex(new Uint8Array(theirs.enc)));
    assert.equal(toHex(await ours.export(Uint8Array.of(7), 24)), toHex(new Uint8Array(await theirs.export(Uint8Array.of(7), 24))));
    for (let message = 0; message < 300; message++) {
      const [plaintext, aad] = [new Uint8Array(randomBytes(message)), new Uint8Array(randomBytes(message % 7))];
      assert.equal(toHex(await ours.cipher.seal(plaintext, aad)), toHex(new Uint8Array(await theirs.seal(plaintext, aad))));
    }
  });

  test(`AEAD ${aead.id}: requests of every shape are opened, and so are their answers`, async () => {
    const pair = await suite.kem.generateKeyPair();
    const key = chooseKey(keyConfiguration(9, new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)), [aead.id]));
    for (const length of [0, 1, 16383, 16384, 16385, 32768, 100000]) {
      const message = new Uint8Array(randomBytes(length));
      const sealed = await sealRequest(key, message);
      const opened = await openRequest(sealed.body, pair.privateKey);
      assert.deepEqual(opened.message, message);
      assert.equal(opened.chunks, Math.max(1, Math.ceil(length / 16384)));

      const answers = [[message], [Uint8Array.of(1), new Uint8Array(0)], [new Uint8Array(randomBytes(100)), message], Array(70).fill(new Uint8Array(randomBytes(50)))];
      for (const plaintexts of answers) {
        assert.deepEqual(await collect(sealed.open(inPieces(concat(...opened.seal(plaintexts)), 1000), 1 << 20)), concat(...plaintexts));
      }
    }
  });
}
