import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { MessagingError } from "../../dist/mod.js";
import { IN, idsOf, KILLED, OUT, passOn, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

const PROGRAM = fileURLToPath(new URL("crashing-processor.js", import.meta.url));

describe("A crash journal", function () {
  // Several processes are started one after the other.
  this.timeout(60_000);
  let directory = "";

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "crash-journal-"));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it("finds the message that kills its process, sets it aside, and loses none of its neighbours", async () => {
    await using step = await StepFixture.start();
    await step.sendTo(KILLED, [...payments(15), { id: "killer", amount: 1 }, ...payments(30).slice(15)]);
    const passedOn = new Set<string>();
    await using _reader = await step.connection.createConsumer(OUT, {
      acknowledge: "auto",
      onMessage: (message) => void passedOn.add(idsOf([message]).join()),
    });
    // Judged by what has come out: a queue that is empty for a moment says little of messages in hand.
    const allIsDone = async () => passedOn.size === 30 && (await step.count("dead")) === 1;
    let crashes = 0;
    for (let runs = 1; runs <= 10; runs += 1) {
      const child = spawn(process.execPath, [PROGRAM, step.broker.url, directory], {
        stdio: "inherit",
        // The fixture that it shares with the tests needs mocha for any other broker than that of the address.
        env: { ...process.env, QUITTANCE_TEST_BROKER: "" },
      });
      const exited = once(child, "exit");
      let over = false;
      void exited.then(() => {
        over = true;
      });
      await until("it crashes, or has done all", async () => over || (await allIsDone()), 20_000);
      if (!over) {
        child.kill("SIGTERM");
      }
      const [, signal] = (await exited) as [number | null, string | null];
      if (signal !== "SIGKILL") {
        break;
      }
      crashes += 1;
    }
    // One that named nobody, and as many as maximumCrashes says.
    expect(crashes).to.equal(3);
    const [letter, ...others] = await step.take("dead");
    expect(others).to.have.length(0);
    expect(idsOf(letter === undefined ? [] : [letter])).to.deep.equal(["killer"]);
    expect(letter?.properties).to.include({
      dead_letter_error_class: "crash",
      dead_letter_reason: "The process ended 2 times while it handled this message.",
      dead_letter_origin: KILLED.address,
    });
    expect(passedOn).to.deep.equal(new Set(payments(30).map(({ id }) => id)));
    expect(readdirSync(directory), "nothing is left behind after a good end").to.deep.equal([]);
  });

  it("handles messages one by one after a crash, for as many as may have been in hand, and then in batches", async () => {
    writeFileSync(join(directory, "step.crash-journal"), '{"running":0}\n');
    await using step = await StepFixture.start();
    await step.send(...payments(40));
    const sizes: number[] = [];
    const processor = await step.open({
      batch: { maximumSize: 5, concurrency: 2 },
      crashJournal: { directory },
      handle(batch) {
        sizes.push(batch.length);
        return passOn(batch);
      },
    });
    await until("all are handled", () => processor.counts.handled === 40);
    expect(sizes.slice(0, 20)).to.deep.equal(new Array(20).fill(1));
    expect(Math.max(...sizes.slice(20))).to.be.greaterThan(1);
    await processor.drain();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("writes nothing while all is well", async () => {
    await using step = await StepFixture.start();
    await step.send(...payments(50));
    const processor = await step.open({ crashJournal: { directory }, handle: passOn });
    await until("all are handled", () => processor.counts.handled === 50);
    expect(readFileSync(join(directory, "step.crash-journal"), "utf8")).to.equal('{"running":0}\n');
  });

  it("keeps a suspect in mind until it is handled, and clears it then", async () => {
    await using step = await StepFixture.start();
    await using producer = await step.connection.createProducer(IN);
    const suspect = "ID:AMQP_NO_PREFIX:m-1";
    const lines = [{ running: 0 }, { handling: suspect }, { handled: suspect }, { handling: suspect }];
    writeFileSync(
      join(directory, "step.crash-journal"),
      `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"handl`,
    );
    await producer.send({ json: payments(1)[0], messageId: suspect });
    const processor = await step.open({ crashJournal: { directory, maximumCrashes: 2 }, handle: passOn });
    await until("it is handled", () => processor.counts.handled === 1);
    await processor.drain();
    expect(processor.counts.deadLettered).to.equal(0);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("looks out for longer each time that a crash names nobody, up to a limit", async () => {
    const { CrashJournal } = await import("../../dist/processor/crash-journal.js");
    const settings = { directory, maximumCrashes: 3 };
    const lookOuts: number[] = [];
    for (let run = 0; run < 8; run += 1) {
      const journal = CrashJournal.open(settings, "step", 2, { warn: () => {} });
      let handled = 0;
      while (journal.suspects([])) {
        const message = { messageId: `ID:${handled}` } as never;
        journal.handling(message);
        journal.handled(message);
        handled += 1;
      }
      lookOuts.push(handled);
    }
    expect(lookOuts).to.deep.equal([0, 2, 4, 8, 16, 32, 32, 32]);
  });

  it("refuses a folder that it cannot write, before it takes any message", async () => {
    await using step = await StepFixture.start();
    const file = join(directory, "file");
    writeFileSync(file, "");
    const error = await step
      .open({ crashJournal: { directory: join(file, "below") }, handle: passOn })
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(MessagingError).with.property("code", "invalid-argument");
    expect((error as Error).message).to.contain("crashJournal.directory");
  });
});
