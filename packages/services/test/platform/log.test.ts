import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { pino } from "pino";
import { logOptions } from "../../dist/platform/log.js";

/** What a service writes for these facts. */
function lineOf(facts: object): Record<string, unknown> {
  const lines: string[] = [];
  pino(logOptions("gateway", "info"), { write: (text: string) => lines.push(text) }).info(facts, "said");
  return JSON.parse(lines.join("")) as Record<string, unknown>;
}

describe("A line of the log", () => {
  it("says who wrote it, when, how urgent it is, and what it was given", () => {
    const before = Date.now();
    const { time, ...rest } = lineOf({ payment: "pay_1", opened: true, reason: undefined, state: { name: "open" } });
    expect(rest).to.deep.equal({
      level: "info",
      service: "gateway",
      payment: "pay_1",
      opened: true,
      state: { name: "open" },
      msg: "said",
    });
    expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(time as string)).to.be.within(before, Date.now());
  });

  it("never says a card number or a secret, however deep or in whatever list it is", () => {
    const secrets = {
      number: "4242424242424242",
      sealedCard: "eyJ",
      authorization: "Bearer x",
      password: "p",
      brand: "visa",
    };
    const hidden = {
      number: "[redacted]",
      sealedCard: "[redacted]",
      authorization: "[redacted]",
      password: "[redacted]",
      brand: "visa",
    };
    const facts = { ...secrets, card: secrets, request: { payment: { card: secrets } }, cards: [secrets] };
    expect(lineOf(facts)).to.deep.include({
      ...hidden,
      card: hidden,
      request: { payment: { card: hidden } },
      cards: [hidden],
    });
    expect(facts.card.number).to.equal("4242424242424242");
  });

  it("tells an error without what the error holds of a card", () => {
    const error = Object.assign(new TypeError("wrong", { cause: new Error("deeper") }), {
      code: "22003",
      number: "4242424242424242",
      card: { number: "4242424242424242" },
    });
    const line = lineOf({ err: error });
    expect(line.err).to.include({ type: "TypeError", code: "22003", number: "[redacted]" });
    expect((line.err as { message: string }).message)
      .to.contain("wrong")
      .and.to.contain("deeper");
    expect((line.err as { stack: string }).stack).to.contain("log.test");
    expect(JSON.stringify(line)).not.to.contain("4242424242424242");
  });
});

describe("A service's logger", () => {
  it("writes lines out together soon after the first, and nothing while nothing is logged", async () => {
    const script = `
      import fs from "node:fs";
      import { createLogger } from ${JSON.stringify(new URL("../../dist/platform/log.js", import.meta.url).href)};
      const write = fs.write;
      let writes = 0;
      fs.write = (...given) => { writes += 1; return write(...given); };
      const log = createLogger("gateway", "info");
      setTimeout(() => {
        log.info("one");
        log.info("two");
        setTimeout(() => {
          process.stderr.write(String(writes));
          // Only what was flushed by then is told: the exit would flush the rest.
          process.kill(process.pid, "SIGKILL");
        }, 1_500);
      }, 600);
    `;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    const { stdout, stderr } = (await run.catch((error: unknown) => error)) as { stdout: string; stderr: string };
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).to.deep.equal(["one", "two"]);
    expect(Number(stderr)).to.equal(1);
  });
});
