/** The command line as an integrator runs it: a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { eventually } from "../../../services/dist-test/support/eventually.js";
import type { TestStack } from "../../../services/dist-test/support/stack-for-tests.js";
import { verifyWebhook, type WebhookEvent } from "../../dist/mod.js";

const PROGRAM = fileURLToPath(new URL("../../bin/quittance.js", import.meta.url));
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function describeCommandLine(system: () => TestStack): void {
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    const { stack } = system();
    environment = {
      QUITTANCE_URL: `http://127.0.0.1:${stack.httpPort}`,
      QUITTANCE_TOKEN: await stack.tokenOf("m-0001"),
    };
  });

  function start(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: tmpdir(),
      env: { PATH: process.env.PATH, ...environment, ...more },
    });
    const seen = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        seen[name] += text;
      });
    }
    const ended = once(child, "close").then(([code]): Ended => ({ code: code as number | null, ...seen }));
    return { child, seen, ended };
  }
  function quittance(args: readonly string[], { input = "", ...more }: NodeJS.ProcessEnv & { input?: string } = {}) {
    const { child, ended } = start(args, more);
    child.stdin.end(input);
    return ended;
  }
  const json = async (args: readonly string[]) => JSON.parse((await quittance([...args, "--json"])).stdout);

  it("pays an amount as people write it, and shows the payment as people read it, without colours in a file", async () => {
    const { code, stdout } = await quittance(["pay", "EUR 1,250.00", "--description", "Tea for all", "--wait", "30"]);
    expect(stdout).to.match(/^pay_[a-z2-7]{32} {2}EUR 1,250\.00 {2}succeeded\n/);
    expect(stdout).to.contain("visa ending in 4242").and.to.contain("Tea for all");
    expect(code).to.equal(0);
  });

  it("answers in JSON, and reads, refunds and lists what it paid", async () => {
    const paid = await json(["pay", "12.50", "EUR", "--request-id", "cli-1", "--reference", "table-3", "--wait", "30"]);
    expect(paid).to.deep.include({ state: "SUCCEEDED", amount: { currencyCode: "EUR", minorUnits: "1250" } });
    expect(await json(["get", paid.id])).to.deep.equal(paid);
    const refund = await json(["refund", paid.id, "EUR 2.50", "--wait", "30"]);
    expect(refund).to.deep.include({ state: "SUCCEEDED", payment: paid.id });
    expect(await json(["get", refund.id])).to.deep.equal(refund);
    expect((await json(["list", "--reference", "table-3"])).id).to.equal(paid.id);
    expect((await json(["list", "refunds", "--payment", paid.id])).id).to.equal(refund.id);
  });

  it("holds money, captures it, and cancels another", async () => {
    const held = await json(["pay", "EUR 12.50", "--capture", "manual", "--wait", "30"]);
    expect(held.state).to.equal("AUTHORIZED");
    expect((await json(["capture", held.id, "EUR 5.00", "--wait", "30"])).state).to.equal("SUCCEEDED");
    const other = await json(["pay", "EUR 12.50", "--capture", "manual", "--wait", "30"]);
    expect((await json(["cancel", other.id, "--wait", "30"])).state).to.equal("CANCELED");
  });

  it("watches a payment to its end", async () => {
    const { id } = await json(["pay", "EUR 1.00", "--wait", "0"]);
    const { code, stdout } = await quittance(["watch", id]);
    expect(stdout.trimEnd().split("\n").at(-1)).to.match(/^pay_.* succeeded /);
    expect(code).to.equal(0);
  });

  it("ends with 1 when a card is declined, and says why", async () => {
    const { code, stdout } = await quittance(["pay", "EUR 1.00", "--card", "4000000000000002", "--wait", "30"]);
    expect(stdout).to.contain("INSUFFICIENT_FUNDS");
    expect(code).to.equal(1);
  });

  it("takes a card number from standard input alone, unless it is a test card's", async () => {
    const card = ["pay", "EUR 1.00", "--expiry", "12/2030", "--name", "Ada Example", "--wait", "30", "--card"];
    const refused = await quittance([...card, "5200828282828210"]);
    expect(refused).to.include({ code: 2, stdout: "" });
    expect(refused.stderr).to.contain("standard input").and.not.to.contain("5200828282828210");
    const read = await quittance([...card, "-"], { input: "5555 5555 5555 4444\n" });
    expect(read.stdout).to.contain("mastercard ending in 4444");
    expect(read.code).to.equal(0);
  });

  it("says in one sentence what is wrong, and what to do next", async () => {
    const cases: readonly (readonly [readonly string[], NodeJS.ProcessEnv, number, RegExp])[] = [
      [["pay", "12.50"], {}, 2, /write the currency and the number, for example EUR 12\.50/],
      [["get"], {}, 2, /The id of a payment or refund is missing/],
      [["pay", "EUR 1.00", "--amount", "2"], {}, 2, /Unknown option '--amount'/],
      [["get", `pay_${"a".repeat(32)}`], {}, 1, /^get: There is no such payment/],
      [["list"], { QUITTANCE_TOKEN: "none" }, 1, /Set QUITTANCE_TOKEN to a merchant's token/],
      [["list"], { QUITTANCE_URL: "", QUITTANCE_TOKEN: "" }, 2, /or run npm start/],
      [["list"], { QUITTANCE_URL: "here" }, 2, /QUITTANCE_URL is "here"/],
      [["dance"], {}, 2, /There is no command "dance"/],
    ];
    for (const [args, more, code, stderr] of cases) {
      const ended = await quittance(args, more);
      expect(ended, args.join(" ")).to.include({ code, stdout: "" });
      expect(ended.stderr).to.match(stderr);
    }
  });

  it("explains each command, tells its version, and completes commands in each shell", async () => {
    const { stdout } = await quittance(["--help"], { QUITTANCE_URL: "" });
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map(([, name = ""]) => name);
    expect(names).to.include.members([
      "pay",
      "get",
      "list",
      "watch",
      "refund",
      "capture",
      "cancel",
      "listen",
      "trigger",
    ]);
    for (const name of names) {
      const help = await quittance([name, "--help"], { QUITTANCE_URL: "" });
      expect(help.code, name).to.equal(0);
      expect(help.stdout).to.contain(`quittance ${name}`);
    }
    expect((await quittance(["--version"])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    const { stdout: script } = await quittance(["completion", "bash"], { QUITTANCE_URL: "" });
    const completed = spawn("bash", [
      "-c",
      `${script}\nCOMP_WORDS=(quittance re); COMP_CWORD=1; _quittance; echo "\${COMPREPLY[@]}"`,
    ]);
    expect(String((await once(completed.stdout, "data"))[0])).to.equal("refund\n");
  });

  it("makes a payment of each kind, and posts each end to a local receiver as a signed webhook", async () => {
    const received: WebhookEvent[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      received.push(await verifyWebhook({ body: Buffer.concat(chunks), headers: request.headers }, { secret: SECRET }));
      response.writeHead(204).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const listening = start(["listen", "--forward", url], { QUITTANCE_WEBHOOK_SECRET: SECRET });
    try {
      await eventually("it listens", () => listening.seen.stderr.includes("Listening"));
      const triggered = await quittance(["trigger", "all"]);
      expect(triggered.code, triggered.stderr).to.equal(0);
      const made = Object.fromEntries(
        triggered.stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.split(/\s+/, 2)),
      );
      expect(Object.keys(made)).to.have.length(10);
      const types = [
        "payment.succeeded",
        "payment.declined",
        "payment.canceled",
        "refund.succeeded",
        "refund.declined",
      ];
      for (const type of types) {
        await eventually(`${type} was posted`, () =>
          received.some((event) => event.type === type && (event.payment ?? event.refund)?.id === made[type]),
        );
      }
      expect(new Set(received.map(({ id }) => id)).size, "each once").to.equal(received.length);
      expect(received.some(({ payment }) => payment?.id === made.authorized)).to.equal(false);
      await eventually("the answers are shown", () => listening.seen.stdout.includes("answered 204"));
    } finally {
      listening.child.kill("SIGINT");
      await listening.ended;
      server.closeAllConnections();
      server.close();
    }
  });
}
