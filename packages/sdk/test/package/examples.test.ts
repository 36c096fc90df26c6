/** The examples and the README's code, each run as its reader would run it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { connect, queue, topic } from "../../dist/mod.js";
import { startBroker } from "../../dist/testing/mod.js";
import { runToEnd } from "./run-script.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const EXAMPLES = join(PACKAGE, "examples");
const TSC = fileURLToPath(new URL("../../../../node_modules/typescript/bin/tsc", import.meta.url));
/** Pages with code that is run as it stands. */
const PAGES = ["README.md", "docs/first-hour.md", "docs/testing.md"];
/** A block of such code, and what it prints. */
const EXTENSIONS = { ts: "mts", js: "mjs", cjs: "cjs" } as const;
const RUN_BY_CI = /<!-- run by CI -->\n```(ts|js|cjs)\n([\s\S]*?)```(?:\n+<!-- prints:\s([\s\S]*?)\s-->)?/g;

/** What each example prints, as far as it is the same each time. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "01-send.ts": ["odrers: not-found, retryable: false", "103 messages are on the queue"],
  "02-receive.ts": [
    "one: { amount: 5 }",
    "released: { amount: 10 }",
    "again: { amount: 10 } delivery 2",
    "sum of the large ones: 1400",
  ],
  "03-subscribe.ts": ["audit: 1.10", "audit: 1.12", "audit: 1.08", "prices, live: 1.10 1.12 1.08"],
  "04-request.ts": ["12 squared: { square: 144 }", "sum of 1,000 squares: 332833500", "nobody answers: timed-out"],
  "05-process.ts": [
    "attempt 1 failed, trying again",
    "set aside: The body does not fit the schema at cents.",
    "50 invoices, 1 dead letter",
  ],
  "06-transaction.ts": [
    "rolled back: the other half failed; 0 debits",
    "delivery 2",
    "committed: transfers 0, debits 1, credits 1",
  ],
  "07-dead-letters.ts": [
    "orders, poison: The body does not fit the schema at cents.",
    "orders, application: nobody knows customer ada",
    "read: { id: 'ada', cents: 100 }",
    "replayed: true and again: false",
    "1 invoice",
    "0 letters are left",
  ],
  "08-trace.ts": [
    "Hello Ada",
    'span "process names" in trace 0af7651916cd43dd8448eb211c80319c',
    "linked to span b7ad6b7169203331",
    "the greeting goes on with it: true",
  ],
  "09-test.ts": ["answers in capitals", "comes back when the connection breaks", "pass 4", "fail 0"],
  "10-fail-over.ts": ["lost: connection-lost", "received: to the second broker"],
};

describe("The examples", () => {
  for (const [name, lines] of Object.entries(EXPECTED)) {
    it(`${name} ends well and prints what it teaches`, async () => {
      const { code, stdout, stderr } = await runToEnd(process.execPath, [join(EXAMPLES, name)], { cwd: PACKAGE });
      expect(code, stderr + stdout).to.equal(0);
      expect(stderr).to.equal("");
      for (const line of lines) expect(stdout).to.contain(line);
    });
  }

  it("11-watch-for-fraud.ts is a service in under 30 lines that warns of a card declined for the third time", async () => {
    const example = join(EXAMPLES, "11-watch-for-fraud.ts");
    expect((await readFile(example, "utf8")).split("\n").length).to.be.below(30);
    await using broker = await startBroker();
    await using connection = await connect(broker.url);
    await using results = await connection.createProducer(topic("transaction-result"));
    await using alerts = await connection.createConsumer(queue("fraud-alert"));
    const stop = new AbortController();
    const ended = runToEnd(process.execPath, [example], {
      cwd: PACKAGE,
      environment: { BROKER_URL: broker.url },
      signal: stop.signal,
    });
    // What is sent before the watcher has subscribed is nobody's, so the results go on until it warns.
    const card = { fingerprint: "of-one-card" };
    let alert = undefined as Awaited<ReturnType<typeof alerts.receive>>;
    for (let n = 1; n <= 200 && alert === undefined; n++) {
      await results.send({ json: { paymentId: `p-${n}`, card, declineReason: "INSUFFICIENT_FUNDS" } });
      await results.send({ json: { paymentId: `q-${n}`, card: { fingerprint: "of-another" } } });
      alert = await alerts.receive({ timeoutMs: 100 });
    }
    alert?.accept();
    stop.abort();
    const { code, stderr } = await ended;
    expect(alert?.json()).to.include({ reason: "declined 3 times" });
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
  });

  it("has an expectation for each", async () => {
    const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith(".ts")).sort();
    expect(names).to.deep.equal([...Object.keys(EXPECTED), "11-watch-for-fraud.ts"]);
  });

  it("compile as strict TypeScript against the package's own types", async () => {
    const { code, stdout } = await runToEnd(process.execPath, [TSC, "-p", EXAMPLES], { cwd: PACKAGE });
    expect(stdout).to.equal("");
    expect(code).to.equal(0);
  });
});

describe("The pages of the package", () => {
  for (const page of PAGES) {
    it(`${page} has code that runs as it stands`, async () => {
      const text = await readFile(join(PACKAGE, page), "utf8");
      const blocks = [...text.matchAll(RUN_BY_CI)];
      expect(blocks).to.have.length.above(1);
      // Below the package's own folder, so that it finds itself by its name.
      const folder = await mkdtemp(join(PACKAGE, "dist-test", "page-"));
      try {
        for (const [index, [, language = "", code = "", prints]] of blocks.entries()) {
          const file = join(folder, `block-${index}.${EXTENSIONS[language as keyof typeof EXTENSIONS]}`);
          await writeFile(file, code);
          const ended = await runToEnd(process.execPath, [file], { cwd: folder });
          expect(ended.code, `${ended.stderr}\n${code}`).to.equal(0);
          if (prints !== undefined) expect(ended.stdout.trim()).to.equal(prints);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
