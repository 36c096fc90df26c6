import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { createLocalJWKSet, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { ApiError } from "../../dist/gateway/api-error.js";
import { Authenticator } from "../../dist/gateway/authenticator.js";
import { readKeySet } from "../../dist/gateway/key-set.js";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const CLAIMS = { merchantId: "m-1", issuer: "issuer", audience: "quittance" };

async function refusalOf(authenticating: Promise<unknown>): Promise<ApiError> {
  return authenticating.then(
    () => expect.fail("it was accepted"),
    (error: unknown) => {
      expect(error).to.be.instanceOf(ApiError);
      return error as ApiError;
    },
  );
}

describe("tokens", () => {
  it("name the merchant when everything about them fits", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const token = await mintToken(keys, CLAIMS);
    expect(await authenticator.authenticate(`Bearer ${token}`, "payments:write")).to.equal("m-1");
    expect(await authenticator.authenticate(`bearer  ${token}`, "payments:read")).to.equal("m-1");
  });

  it("are refused when a claim is missing or wrong", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const wrong = [
      { ...CLAIMS, issuer: "another" },
      { ...CLAIMS, audience: "another" },
      { ...CLAIMS, merchantId: "" },
      { ...CLAIMS, merchantId: "m/1" },
      { ...CLAIMS, merchantId: "x".repeat(65) },
      { ...CLAIMS, expiresInSeconds: -60 },
    ];
    for (const claims of wrong) {
      const token = await mintToken(keys, claims);
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${token}`, "payments:read"));
      expect(refusal.code, JSON.stringify(claims)).to.equal("UNAUTHENTICATED");
      expect(refusal.message).not.to.contain(token);
    }
  });

  it("need a scope claim that holds the call's scope", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const reader = await mintToken(keys, { ...CLAIMS, scopes: ["payments:read"] });
    expect(await authenticator.authenticate(`Bearer ${reader}`, "payments:read")).to.equal("m-1");
    const refusal = await refusalOf(authenticator.authenticate(`Bearer ${reader}`, "payments:write"));
    expect(refusal).to.include({ code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    const without = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: String(keys.privateKey.kid) })
      .setSubject("m-1")
      .setIssuer(CLAIMS.issuer)
      .setAudience(CLAIMS.audience)
      .setExpirationTime("1h")
      .sign(keys.privateKey);
    expect(await refusalOf(authenticator.authenticate(`Bearer ${without}`, "payments:read"))).to.include({
      code: "UNAUTHENTICATED",
      reason: "TOKEN_INVALID",
    });
  });

  it("are refused when any part of them was changed", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const token = await mintToken(keys, CLAIMS);
    await authenticator.authenticate(`Bearer ${token}`, "payments:read");
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: "m-2" })).toString("base64url");
    const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
    for (const changed of [
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
    ]) {
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${changed}`, "payments:read"));
      expect(refusal).to.include({ code: "UNAUTHENTICATED", reason: "TOKEN_INVALID" });
    }
  });

  it("are refused when they are signed by nobody, by another key, or by a secret", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const others = await createDevelopmentKeys();
    const claims = { scope: "payments:read", sub: "m-1", iss: CLAIMS.issuer, aud: CLAIMS.audience };
    const unsigned = new UnsecuredJWT(claims).setExpirationTime("1h").encode();
    const bySecret = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: String(keys.privateKey.kid) })
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(keys.jwks));
    const byOther = await mintToken(others, CLAIMS);
    for (const token of [unsigned, bySecret, byOther, "x", "x.y.z", "x".repeat(9_000)]) {
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${token}`, "payments:read"));
      expect(refusal.code).to.equal("UNAUTHENTICATED");
    }
    for (const header of ["Basic eDp5", "Bearer", "Bearer a b", "token"]) {
      expect((await refusalOf(authenticator.authenticate(header, "payments:read"))).reason).to.equal("TOKEN_INVALID");
    }
    expect((await refusalOf(authenticator.authenticate(undefined, "payments:read"))).reason).to.equal("TOKEN_MISSING");
  });

  it("of EdDSA, RS256 and PS256 keys are taken too", async () => {
    for (const alg of ["EdDSA", "RS256", "PS256"]) {
      const pair = await generateKeyPair(alg, { extractable: true });
      const authenticator = new Authenticator({ ...CLAIMS, keys: async () => pair.publicKey });
      const token = await new SignJWT({ scope: "payments:read" })
        .setProtectedHeader({ alg })
        .setSubject("m-1")
        .setIssuer(CLAIMS.issuer)
        .setAudience(CLAIMS.audience)
        .setExpirationTime("1h")
        .sign(pair.privateKey);
      expect(await authenticator.authenticate(`Bearer ${token}`, "payments:read"), alg).to.equal("m-1");
    }
  });

  it("are checked once and then remembered until they expire", async () => {
    const keys = await createDevelopmentKeys();
    const local = createLocalJWKSet(JSON.parse(keys.jwks));
    let asked = 0;
    const authenticator = new Authenticator({
      ...CLAIMS,
      keys: (header, token) => {
        asked++;
        return local(header, token);
      },
    });
    const token = await mintToken(keys, CLAIMS);
    for (let times = 0; times < 3; times++) await authenticator.authenticate(`Bearer ${token}`, "payments:read");
    expect(asked).to.equal(1);
  });
});

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
    expect(await authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read")).to.equal("m-1");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const refusal = await refusalOf(authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read"));
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
      const refusal = await refusalOf(authenticatorFor(url).authenticate(`Bearer ${token}`, "payments:read"));
      expect(refusal.code, `${code} ${body}`).to.equal("UNAVAILABLE");
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("authentication at the doors", () => {
  const gateway = useGateway();
  afterEach("nothing reached the broker", () => expect(gateway().broker().messageCount("payment")).to.equal(0));

  it("answers UNAUTHENTICATED and 401 without a token", async () => {
    const { api } = gateway();
    const failure = await failureOf(api.pay(payRequest("x"), {}, { authorization: "" }));
    expect(failure.code).to.equal(status.UNAUTHENTICATED);
    expect(failure.info?.reason).to.equal("TOKEN_MISSING");
    const answer = await api.http("/v1/payments", { body: payBody("x"), headers: { authorization: "" } });
    expect(answer.status).to.equal(401);
    expect(answer.headers.get("www-authenticate")).to.equal('Bearer realm="quittance"');
  });

  it("answers UNAUTHENTICATED and 401 for a token that is not accepted", async () => {
    const { api } = gateway();
    const failure = await failureOf(api.pay(payRequest("x"), {}, { authorization: "Bearer x.y.z" }));
    expect(failure.code).to.equal(status.UNAUTHENTICATED);
    const answer = await api.http("/v1/payments", { headers: { authorization: "Bearer x.y.z" } });
    expect(answer.status).to.equal(401);
    expect(answer.headers.get("www-authenticate")).to.contain('error="invalid_token"');
  });

  it("answers PERMISSION_DENIED and 403 when the scope is missing", async () => {
    const reader = await gateway().apiAs({ scopes: ["payments:read"] });
    expect((await failureOf(reader.pay(payRequest("x")))).code).to.equal(status.PERMISSION_DENIED);
    const answer = await reader.http("/v1/payments", { body: payBody("x") });
    expect(answer.status).to.equal(403);
    expect(answer.headers.get("www-authenticate")).to.contain('error="insufficient_scope", scope="payments:write"');
    const writer = await gateway().apiAs({ scopes: ["payments:write"] });
    expect((await failureOf(writer.list())).code).to.equal(status.PERMISSION_DENIED);
    expect((await failureOf(writer.get("pay_x"))).code).to.equal(status.PERMISSION_DENIED);
  });

  it("asks who calls before it reads a body", async () => {
    const { api } = gateway();
    const answer = await api.http("/v1/payments", {
      body: "x".repeat(70_000),
      headers: { authorization: "", "content-type": "text/plain" },
    });
    expect(answer.status).to.equal(401);
  });
});

function authenticatorFor(keySet: string): Authenticator {
  return new Authenticator({ ...CLAIMS, keys: readKeySet(keySet) });
}
