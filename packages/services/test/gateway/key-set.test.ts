import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ApiError } from "../../dist/gateway/api-error.js";
import { Authenticator } from "../../dist/gateway/authenticator.js";
import { type KeySet, readKeySet } from "../../dist/gateway/key-set.js";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import { eventually } from "../support/eventually.js";
import { authenticatorFor, CLAIMS, OPTIONS, PEER, refusalOf } from "./authenticator-for-tests.js";

describe("the key set", () => {
  it("is read from JSON, a file or a URL, and nothing else", async () => {
    const keys = await createDevelopmentKeys();
    for (const wrong of ["{}", "{", "/no/such/file", "http://example.com/jwks", ""]) {
      expect(() => readKeySet(wrong), wrong).to.throw(Error);
    }
    const token = await mintToken(keys, CLAIMS);
    const server = createServer((_request, response) => response.end(keys.jwks)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    expect(await authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read", PEER)).to.equal("m-1");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const refusal = await refusalOf(authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read", PEER));
    expect(refusal).to.include({ code: "UNAVAILABLE", reason: "KEYS_UNAVAILABLE" });
  });

  it("that answers with an error is no fault of the caller", async () => {
    const keys = await createDevelopmentKeys();
    const token = await mintToken(keys, CLAIMS);
    for (const [code, body] of [
      [500, "oops"],
      [200, "oops"],
      [200, "{}"],
    ] as const) {
      const server = createServer((_request, response) => response.writeHead(code).end(body)).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
      const refusal = await refusalOf(authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read", PEER));
      expect(refusal.code, `${code} ${body}`).to.equal("UNAVAILABLE");
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("a key that is taken out of the key set", () => {
  const AGE = { maximumAgeMs: 200 };

  /** Waits until the token of a removed key is refused, and sees that the token of the other goes on. */
  async function expectRemoval(keySet: KeySet, remove: (jwks: string) => void): Promise<void> {
    const stays = await createDevelopmentKeys();
    const goes = await createDevelopmentKeys();
    const both = [...JSON.parse(stays.jwks).keys, ...JSON.parse(goes.jwks).keys];
    remove(JSON.stringify({ keys: both }));
    const authenticator = new Authenticator({ ...OPTIONS, keys: keySet });
    const stayingToken = `Bearer ${await mintToken(stays, CLAIMS)}`;
    const goingToken = `Bearer ${await mintToken(goes, CLAIMS)}`;
    const works = (token: string) =>
      authenticator.authenticate(token, "payments:read", PEER).then(
        () => true,
        () => false,
      );
    await eventually("both tokens work", async () => (await works(stayingToken)) && (await works(goingToken)));
    remove(stays.jwks);
    await eventually("the token of the removed key is refused", async () => !(await works(goingToken)));
    expect(await works(stayingToken)).to.equal(true);
  }

  it("stops working where the keys are in a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jwks-"));
    const file = join(folder, "jwks.json");
    writeFileSync(file, '{"keys":[]}');
    await expectRemoval(readKeySet(file)(AGE), (jwks) => writeFileSync(file, jwks));
    rmSync(folder, { recursive: true });
  });

  it("stops working where the keys are at a URL", async () => {
    let body = '{"keys":[]}';
    const server = createServer((_request, response) => response.end(body)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    await expectRemoval(readKeySet(url)(AGE), (jwks) => {
      body = jwks;
    });
    server.closeAllConnections();
    server.close();
  });

  it("stops working although the URL answers no more, and tokens that were known then are not taken either", async () => {
    const keys = await createDevelopmentKeys();
    const server = createServer((_request, response) => response.end(keys.jwks)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const authenticator = new Authenticator({ ...OPTIONS, keys: readKeySet(url)(AGE) });
    const token = `Bearer ${await mintToken(keys, CLAIMS)}`;
    expect(await authenticator.authenticate(token, "payments:read", PEER)).to.equal("m-1");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const refusal = await eventually("the keys are too old", () =>
      authenticator.authenticate(token, "payments:read", PEER).then(
        () => undefined,
        (error: ApiError) => error,
      ),
    );
    expect(refusal).to.include({ code: "UNAVAILABLE", reason: "KEYS_UNAVAILABLE" });
  });
});
