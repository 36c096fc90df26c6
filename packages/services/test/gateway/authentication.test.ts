import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { createLocalJWKSet, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { Authenticator } from "../../dist/gateway/authenticator.js";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { authenticatorFor, CLAIMS, fixed, OPTIONS, PEER, refusalOf, tokenOf } from "./authenticator-for-tests.js";
import { useGateway } from "./gateway-for-tests.js";

describe("tokens", () => {
  it("name the merchant when everything about them fits", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const token = await mintToken(keys, CLAIMS);
    expect(await authenticator.authenticate(`Bearer ${token}`, "payments:write", PEER)).to.equal("m-1");
    expect(await authenticator.authenticate(`bearer  ${token}`, "payments:read", PEER)).to.equal("m-1");
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
      { ...CLAIMS, merchantId: "clearing" },
      { ...CLAIMS, merchantId: "funding" },
      { ...CLAIMS, merchantId: "4242424242424242" },
      { ...CLAIMS, merchantId: "m-4242.4242.4242.4242" },
      { ...CLAIMS, expiresInSeconds: -60 },
    ];
    for (const claims of wrong) {
      const token = await mintToken(keys, claims);
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER));
      expect(refusal.code, JSON.stringify(claims)).to.equal("UNAUTHENTICATED");
      expect(refusal.message).not.to.contain(token);
    }
  });

  it("need a scope claim that holds the call's scope", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const reader = await mintToken(keys, { ...CLAIMS, scopes: ["payments:read"] });
    expect(await authenticator.authenticate(`Bearer ${reader}`, "payments:read", PEER)).to.equal("m-1");
    const refusal = await refusalOf(authenticator.authenticate(`Bearer ${reader}`, "payments:write", PEER));
    expect(refusal).to.include({ code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    const without = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: String(keys.privateKey.kid) })
      .setSubject("m-1")
      .setIssuer(CLAIMS.issuer)
      .setAudience(CLAIMS.audience)
      .setExpirationTime("1h")
      .sign(keys.privateKey);
    expect(await refusalOf(authenticator.authenticate(`Bearer ${without}`, "payments:read", PEER))).to.include({
      code: "UNAUTHENTICATED",
      reason: "TOKEN_INVALID",
    });
  });

  it("are refused when any part of them was changed", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const token = await mintToken(keys, CLAIMS);
    await authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER);
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: "m-2" })).toString("base64url");
    const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
    for (const changed of [
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
    ]) {
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${changed}`, "payments:read", PEER));
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
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER));
      expect(refusal.code).to.equal("UNAUTHENTICATED");
    }
    for (const header of ["Basic eDp5", "Bearer", "Bearer a b", "token"]) {
      expect((await refusalOf(authenticator.authenticate(header, "payments:read", PEER))).reason).to.equal(
        "TOKEN_INVALID",
      );
    }
    expect((await refusalOf(authenticator.authenticate(undefined, "payments:read", PEER))).reason).to.equal(
      "TOKEN_MISSING",
    );
  });

  it("of EdDSA, RS256 and PS256 keys are taken too", async () => {
    for (const alg of ["EdDSA", "RS256", "PS256"]) {
      const pair = await generateKeyPair(alg, { extractable: true });
      const authenticator = new Authenticator({ ...OPTIONS, keys: fixed(async () => pair.publicKey) });
      const token = await new SignJWT({ scope: "payments:read" })
        .setProtectedHeader({ alg })
        .setSubject("m-1")
        .setIssuer(CLAIMS.issuer)
        .setAudience(CLAIMS.audience)
        .setExpirationTime("1h")
        .sign(pair.privateKey);
      expect(await authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER), alg).to.equal("m-1");
    }
  });

  it("are checked once and then remembered until they expire", async () => {
    const keys = await createDevelopmentKeys();
    const local = createLocalJWKSet(JSON.parse(keys.jwks));
    let asked = 0;
    const authenticator = new Authenticator({
      ...OPTIONS,
      keys: fixed((header, token) => {
        asked++;
        return local(header, token);
      }),
    });
    const token = await mintToken(keys, CLAIMS);
    for (let times = 0; times < 3; times++) await authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER);
    expect(asked).to.equal(1);
  });
});

describe("the times of a token", () => {
  const nowSeconds = () => Math.floor(Date.now() / 1_000);

  it("are bounded: its end may not be far ahead of now, nor of its beginning", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks, { maximumLifetimeSeconds: 3_600 });
    const good = await tokenOf(keys, { iat: nowSeconds() - 10, exp: nowSeconds() + 3_500 });
    expect(await authenticator.authenticate(`Bearer ${good}`, "payments:read", PEER)).to.equal("m-1");
    for (const times of [{ exp: nowSeconds() + 3_700 }, { iat: nowSeconds() - 3_000, exp: nowSeconds() + 3_000 }]) {
      const token = await tokenOf(keys, times);
      const refusal = await refusalOf(authenticator.authenticate(`Bearer ${token}`, "payments:read", PEER));
      expect(refusal).to.include({ code: "UNAUTHENTICATED", reason: "TOKEN_INVALID" });
      expect(refusal.message).to.contain("exp is more than 3600 s");
    }
  });

  it("may not begin in the future, but for what clocks differ", async () => {
    const keys = await createDevelopmentKeys();
    const authenticator = authenticatorFor(keys.jwks);
    const soon = await tokenOf(keys, { iat: nowSeconds() + 2, exp: nowSeconds() + 60 });
    expect(await authenticator.authenticate(`Bearer ${soon}`, "payments:read", PEER)).to.equal("m-1");
    const later = await tokenOf(keys, { iat: nowSeconds() + 60, exp: nowSeconds() + 120 });
    const refusal = await refusalOf(authenticator.authenticate(`Bearer ${later}`, "payments:read", PEER));
    expect(refusal.message).to.contain("iat is in the future");
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

  it("leaves a line in the log with the peer's address, and nothing of the token", async () => {
    const { api, log } = gateway();
    const secret = "eyJzZWNyZXQ.aW4udGhl.dG9rZW4";
    await api.http("/v1/payments", { headers: { authorization: `Bearer ${secret}` } });
    await failureOf(api.pay(payRequest("x"), {}, { authorization: `Bearer ${secret}` }));
    const line = log.lines().find(({ reason }) => reason === "TOKEN_INVALID");
    expect(line).to.include({ peer: "127.0.0.1", msg: "a call was refused for its token" });
    expect(log.text()).not.to.contain(secret);
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
