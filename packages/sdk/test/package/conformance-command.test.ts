/** `npx @quittance/sdk conformance`, as the package has it: one file, which finds the package by its name. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { columnOf, TABLE_PAGE } from "../../conformance/dist/suite/table.js";
import { type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { AUTHORITY, HOST_CERTIFICATE, HOST_KEY } from "../amqp/test-certificates.js";
import { runToEnd } from "./run-script.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const COMMAND = join(PACKAGE, "dist", "command.mjs");
const OPEN: BrokerOptions = {
  autoCreate: true,
  addresses: [{ address: "prices", kind: "topic", subscriptions: ["audit"] }],
};
const USER = { name: "ada", send: ["*"], consume: ["*"], temporary: true, sendTemporary: true };

function conformance(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return runToEnd(process.execPath, [COMMAND, ...args], { cwd: PACKAGE, environment });
}

interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly notSupported: number;
  readonly notTried: number;
  readonly rules: readonly { readonly id: string; readonly outcome: string; readonly detail?: string }[];
}

describe("The command that tries a broker of the caller's", () => {
  it("sees of each rule what the table of the docs says, and tells programs in one document", async function () {
    this.timeout(60_000);
    await using broker = await startBroker(OPEN);
    const args = ["conformance", broker.url, "--predefined-subscription", "prices::audit", "--json"];
    const { code, stdout, stderr } = await conformance(args);
    expect(stderr).to.equal("");
    const report = JSON.parse(stdout) as Report;
    const seen = new Map(report.rules.map(({ id, outcome }) => [id, outcome]));
    for (const { id, why } of columnOf(await readFile(TABLE_PAGE, "utf8"), "embedded")) {
      expect(seen.get(id), id).to.equal(why === undefined ? "passed" : "not-tried");
    }
    expect(report.passed).to.be.above(200);
    expect([report.passed + report.notTried, report.failed]).to.deep.equal([report.rules.length, 0]);
    expect(code).to.equal(0);
  });

  it("says of a rule that does not hold what is seen instead, where that is known", async () => {
    await using broker = await startBroker(OPEN);
    const { code, stdout } = await conformance([
      "conformance",
      broker.url,
      "--closed-prefix",
      "no.",
      "--only",
      "J-10.3",
    ]);
    expect(stdout).to.contain("not supported  J-10.3-01 (10.3)").and.to.contain("Each address is made as it is used");
    expect(stdout).to.match(/\n\d+ passed, 0 failed, 3 not supported by the broker\n$/);
    expect(code).to.equal(0);
  });

  it("ends with 1 when a rule does not hold, and nothing that is known is seen instead", async () => {
    await using broker = await startBroker({ ...OPEN, maximumDeliveries: 3 });
    const wrong = ["--maximum-deliveries", "2", "--only", "J-6.2-08", "--timeout", "1"];
    const { code, stdout } = await conformance(["conformance", broker.url, ...wrong]);
    expect(stdout).to.contain("FAILED         J-6.2-08").and.to.contain("It did not end within 1 s.");
    expect(stdout).to.contain("\n0 passed, 1 failed, 0 not supported by the broker\n");
    expect(code).to.equal(1);
  });

  it("logs in over TLS, also where it cuts the connection, and prints no password", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-ca-"));
    try {
      const ca = join(folder, "ca.pem");
      await writeFile(ca, AUTHORITY);
      await using broker = await startBroker({
        ...OPEN,
        tls: { cert: HOST_CERTIFICATE, key: HOST_KEY },
        users: [{ ...USER, password: "pass-word" }],
      });
      const url = `amqps://ada:pass-word@localhost:${broker.port}`;
      const { code, stdout, stderr } = await conformance(["conformance", url, "--ca", ca, "--only", "J-6.1"]);
      expect(stderr).to.equal("");
      expect(stdout).to.contain("passed         J-6.1-10").and.to.contain("passed         J-6.1-11");
      expect(stdout).to.match(/\n\d+ passed, 0 failed, 0 not supported by the broker\n$/);
      expect(stdout).to.not.contain("pass-word");
      expect(code).to.equal(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("takes the password from the environment, and says once why a broker cannot be used", async () => {
    await using broker = await startBroker({ ...OPEN, users: [{ ...USER, password: "pass-word" }] });
    const args = ["conformance", broker.url, "--username", "ada", "--only", "J-4.1-01"];
    expect(await conformance(args, { BROKER_PASSWORD: "pass-word" })).to.deep.include({ code: 0, stderr: "" });
    const { code, stdout, stderr } = await conformance(args, { BROKER_PASSWORD: "wrong" });
    expect(stderr).to.match(/^amqp:\S+ cannot be used: .* \(authentication-failed\)\n$/);
    expect(stdout).to.equal("");
    expect(code).to.equal(3);
  });

  it("says in one sentence what is wrong with the command line, and ends with 2", async () => {
    const url = "amqp://localhost:1";
    for (const [args, sentence] of [
      [[], /there is one command, conformance/],
      [["conform", url], /no command conform/],
      [["conformance"], /on which broker/],
      [["conformance", "http://ada:pass-word@localhost"], /^http:\/\/localhost is no URL of a broker/],
      [["conformance", url, "amqp://localhost:2"], /One broker at a time/],
      [["conformance", url, "--jsno"], /--jsno/],
      [["conformance", url, "--username", "ada"], /needs a password/],
      [["conformance", url, "--password", "x"], /--password needs --username/],
      [["conformance", url, "--ca", "ca.pem"], /cannot be read|for amqps/],
      [["conformance", url, "--cert", "a"], /belong together/],
      [["conformance", url, "--timeout", "0"], /--timeout takes a whole number/],
      [["conformance", url, "--predefined-subscription", "prices"], /<address>::<name>/],
      [["conformance", url, "--only", "J-99"], /No rule has an id/],
    ] as const) {
      const { code, stdout, stderr } = await conformance(args);
      expect(stderr, args.join(" ")).to.match(sentence).and.to.not.contain("pass-word");
      expect([code, stdout]).to.deep.equal([2, ""]);
    }
  });

  it("tells its options and its version", async () => {
    const help = await conformance(["--help"]);
    expect(help.stdout).to.match(/^Usage: npx @quittance\/sdk conformance <url>/);
    const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { version: string };
    expect(await conformance(["--version"])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
