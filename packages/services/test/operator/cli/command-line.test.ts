import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { createDevelopmentKeys } from "../../../dist/operator/development-token.js";
import { runCommand } from "./command-for-tests.js";

describe("The operator's command line", () => {
  it("explains itself and each command, on standard output and with 0", async () => {
    const { code, out } = await runCommand(["--help"]);
    expect(code).to.equal(0);
    const commands = [...out.matchAll(/^ {2}([a-z][a-z-]+) {2,}[A-Z]/gm)].map(([, name]) => name as string);
    expect(commands).to.include.members(["verify-money", "explain", "accounts", "token"]);
    for (const command of commands) {
      const help = await runCommand([command, "--help"]);
      expect(help.code, command).to.equal(0);
      expect(help.out).to.include(`quittance -- ${command} `).and.to.include("--json").and.to.include("Exit codes");
    }
  });

  it("ends with 2 without a command, and for one that it does not know", async () => {
    expect((await runCommand([])).code).to.equal(2);
    const { code, err } = await runCommand(["verify-honey"]);
    expect(code).to.equal(2);
    expect(err).to.match(/^There is no command "verify-honey"/);
  });

  it("names a variable that is wrong, and never repeats its secrets", async () => {
    const { code, err } = await runCommand(["verify-money"], { DATABASE_URL: "mysql://user:secret@host/db" });
    expect(code).to.equal(2);
    expect(err).to.include("DATABASE_URL").and.not.to.include("secret");
  });

  it("ends with 2 for a run file that is none", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-cli-"));
    try {
      await writeFile(join(folder, "run.json"), "{}");
      const { code, err } = await runCommand(["verify-money"], { QUITTANCE_FOLDER: folder });
      expect(code).to.equal(2);
      expect(err).to.include("is not the file of a running stack");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("token", () => {
  it("signs with the key that it made, for whoever has the public half", async () => {
    const { TOKEN_SIGNING_KEY, AUTH_JWKS } = JSON.parse((await runCommand(["token", "--new-keys", "--json"])).out) as {
      TOKEN_SIGNING_KEY: string;
      AUTH_JWKS: string;
    };
    const { code, out } = await runCommand(["token", "--merchant", "m-0007"], {
      TOKEN_SIGNING_KEY,
      AUTH_ISSUER: "of-tests",
      AUTH_AUDIENCE: "quittance",
    });
    expect(code).to.equal(0);
    const { payload } = await jwtVerify(out.trim(), createLocalJWKSet(JSON.parse(AUTH_JWKS) as JSONWebKeySet), {
      issuer: "of-tests",
      audience: "quittance",
    });
    expect(payload.sub).to.equal("m-0007");
  });

  it("signs for a running stack when the environment has no key", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-cli-"));
    try {
      const keys = await createDevelopmentKeys();
      const signer = { privateKey: keys.privateKey, issuer: "i", audience: "a" };
      const run = {
        database: "postgres://127.0.0.1:1/none",
        broker: "amqp://127.0.0.1:1",
        auditor: "amqp://127.0.0.1:1",
        signer,
        services: [],
      };
      await writeFile(join(folder, "run.json"), JSON.stringify(run));
      const { out } = await runCommand(["token", "--merchant", "m-0002"], { QUITTANCE_FOLDER: folder });
      const keySet = createLocalJWKSet(JSON.parse(keys.jwks) as JSONWebKeySet);
      const { payload } = await jwtVerify(out.trim(), keySet, { issuer: "i", audience: "a" });
      expect(payload.sub).to.equal("m-0002");
    } finally {
      await rm(folder, { recursive: true });
    }
    expect((await runCommand(["token", "--merchant", "m-0002"])).code, "no stack").to.equal(2);
  });

  it("never repeats a signing key that is wrong", async () => {
    const { code, err } = await runCommand(["token", "--merchant", "m-0001"], {
      TOKEN_SIGNING_KEY: '{"kty":"EC","d":"secret"}',
      AUTH_ISSUER: "i",
      AUTH_AUDIENCE: "a",
    });
    expect(code).to.equal(2);
    expect(err).to.include("TOKEN_SIGNING_KEY").and.not.to.include("secret");
  });
});
