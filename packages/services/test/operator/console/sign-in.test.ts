import { expect } from "chai";
import { configurationOf } from "../../../dist/operator/cli/operator-configuration.js";
import { readConsoleSettings } from "../../../dist/operator/console/console-configuration.js";
import { ConfigurationError } from "../../../dist/platform/configuration.js";
import { MERCHANT_SCOPES, OPERATOR_SCOPES } from "../../../dist/shared/scopes.js";
import { problemOf, useLoneConsole } from "./console-for-tests.js";

/** Every path that needs a token. */
const PATHS = [
  "GET /console/v1/session",
  "GET /console/v1/overview",
  "GET /console/v1/overview:watch",
  "GET /console/v1/books",
  `GET /console/v1/payments/pay_${"a2".repeat(16)}/story`,
  "GET /console/v1/deadLetters",
  "GET /console/v1/deadLetters/WyJhIl0",
  "POST /console/v1/deadLetters/WyJhIl0:replay",
  "POST /console/v1/deadLetters/WyJhIl0:discard",
].map((line) => line.split(" ") as [method: string, path: string]);

describe("Signing in to the console", () => {
  const console = useLoneConsole();

  for (const [method, path] of PATHS) {
    it(`is needed for ${method} ${path}, and takes no merchant's token`, async () => {
      const without = await fetch(`${console().url}${path}`, { method });
      expect(await problemOf(without)).to.include({ status: 401, reason: "TOKEN_MISSING" });
      expect(without.headers.get("www-authenticate")).to.equal('Bearer realm="quittance"');
      const merchants = await console().call(path, { method, scopes: MERCHANT_SCOPES });
      expect(await problemOf(merchants)).to.include({ status: 403, reason: "SCOPE_MISSING" });
      const forged = await fetch(`${console().url}${path}`, { method, headers: { authorization: "Bearer a.b.c" } });
      expect(await problemOf(forged)).to.include({ status: 401, reason: "TOKEN_INVALID" });
    });
  }

  it("tells any operator who they are and what they may do", async () => {
    const answer = await console().call("/console/v1/session", { scopes: ["templates:read"] });
    expect(await answer.json()).to.deep.equal({ subject: "anna", scopes: ["templates:read"], tracing: null });
    expect(answer.headers.get("cache-control")).to.equal("no-store");
  });

  it("to look needs operations:read, and to change something operations:write", async () => {
    const scopesBut = (missing: string) => OPERATOR_SCOPES.filter((scope) => scope !== missing);
    const looks = await console().call("/console/v1/overview", { scopes: scopesBut("operations:read") });
    expect(await problemOf(looks)).to.include({ status: 403, scope: "operations:read" });
    for (const verb of ["replay", "discard"]) {
      const changes = await console().post(
        `/console/v1/deadLetters/WyJhIl0:${verb}`,
        { reason: "why" },
        { scopes: scopesBut("operations:write") },
      );
      expect(await problemOf(changes), verb).to.include({ status: 403, scope: "operations:write" });
    }
  });

  it("leaves nothing of a refused token in the log", async () => {
    await fetch(`${console().url}/console/v1/session`, { headers: { authorization: "Bearer of-nobody" } });
    expect(console().log.text()).to.include("a call was refused for its token").and.not.to.include("of-nobody");
  });
});

describe("A console that listens to other machines", () => {
  const settingsOf = async (others: NodeJS.ProcessEnv) =>
    readConsoleSettings(
      await configurationOf(
        {
          QUITTANCE_FOLDER: "/nonexistent",
          DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
          GATEWAY_URL: "http://127.0.0.1:8080",
          AUTH_JWKS: '{"keys":[]}',
          AUTH_ISSUER: "issuer",
          AUTH_AUDIENCE: "quittance",
          ...others,
        },
        "/",
        () => undefined,
      ),
      8_082,
    );
  const refusalOf = (others: NodeJS.ProcessEnv) =>
    settingsOf(others).then(
      () => "",
      (error: unknown) => (error instanceof ConfigurationError ? error.message : String(error)),
    );

  it("needs a certificate, or the operator's word that plain text is all right", async () => {
    expect(await refusalOf({ LISTEN_HOST: "0.0.0.0" })).to.match(/LISTEN_HOST=0\.0\.0\.0 serves http in plain text/);
    expect((await settingsOf({ LISTEN_HOST: "0.0.0.0", ALLOW_PLAINTEXT: "http" })).host).to.equal("0.0.0.0");
    expect((await settingsOf({})).host).to.equal("127.0.0.1");
  });

  it("hands tokens to a gateway on another machine over TLS alone", async () => {
    expect(await refusalOf({ GATEWAY_URL: "http://gateway.example" })).to.match(
      /GATEWAY_URL talks to gateway\.example/,
    );
    const { gateways } = await settingsOf({ GATEWAY_URL: "https://one.example/,https://two.example:8443" });
    expect(gateways).to.deep.equal(["https://one.example", "https://two.example:8443"]);
  });

  it("asks services on another machine for their health over TLS, or where plain text is allowed", async () => {
    const services = { SERVICE_HEALTH_URLS: "gateway=http://gateway.example:8081" };
    expect(await refusalOf(services))
      .to.include("gateway.example")
      .and.to.include("ALLOW_PLAINTEXT=health");
    expect((await settingsOf({ ...services, ALLOW_PLAINTEXT: "health" })).services).to.deep.equal([
      { name: "gateway", url: "http://gateway.example:8081" },
    ]);
    expect(await refusalOf({ SERVICE_HEALTH_URLS: "bank=http://127.0.0.1:1" })).to.include("SERVICE_HEALTH_URLS");
  });

  it("names what it needs where no stack runs", async () => {
    expect(await refusalOf({ GATEWAY_URL: "" })).to.match(/GATEWAY_URL, AUTH_JWKS, .* are needed/);
  });
});
