import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Artemis, startArtemis } from "../../dist/stack/artemis.js";
import { brokerPasswords } from "../../dist/stack/secrets.js";

/** A broker that is up says both. */
const UP =
  "echo 'AMQ221020: Started EPOLL Acceptor at 127.0.0.1:4711 for protocols [AMQP]'; echo 'AMQ221007: Server is now live'";
const STALL_MS = 2_000;
/** Well beyond the time after which one that does nothing is given up. */
const SECONDS = (STALL_MS * 2.5) / 1_000;

describe("Artemis, when it takes long to come back", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "quittance-slow-broker-"));
  const { PATH, ARTEMIS_HOME } = process.env;

  before(function () {
    // What is put in Java's place is a shell's script.
    if (process.platform === "win32") this.skip();
    Object.assign(process.env, { PATH: `${folder}:${PATH}`, ARTEMIS_HOME: folder });
  });
  after(async () => {
    process.env.PATH = PATH;
    if (ARTEMIS_HOME === undefined) delete process.env.ARTEMIS_HOME;
    else process.env.ARTEMIS_HOME = ARTEMIS_HOME;
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a broker that does this before it is up. */
  function start(work: string, options: { boundMs?: number; signal?: AbortSignal; told?: string[] } = {}) {
    const directory = join(folder, "instance");
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(folder, "java"),
      `#!/usr/bin/env bash\n[ "$1" = -version ] && exit 0\n${work}\n${UP}\nwhile :; do sleep 1; done\n`,
    );
    chmodSync(join(folder, "java"), 0o755);
    return startArtemis({
      directory,
      passwords: brokerPasswords(),
      patience: { stallMs: STALL_MS, tellEveryMs: 1_000, ...(options.boundMs && { boundMs: options.boundMs }) },
      ...(options.signal && { signal: options.signal }),
      onProgress: (sentence) => options.told?.push(sentence),
    });
  }

  async function stop(artemis: Artemis): Promise<void> {
    await artemis.stop();
    expect(artemis.process.exitCode ?? artemis.process.signalCode).not.to.equal(null);
  }

  const failureOf = (started: Promise<Artemis>) =>
    started.then(
      async (artemis) => {
        await stop(artemis);
        return new Error("It started.");
      },
      (error: Error) => error,
    );

  it("is waited for while its log grows, and that is told", async () => {
    const told: string[] = [];
    const artemis = await start(
      `for n in $(seq ${SECONDS * 4}); do echo "reading the journal, part $n"; sleep 0.25; done`,
      { told },
    );
    expect(artemis.port).to.equal(4_711);
    expect(told[0]).to.match(/Artemis is still starting after \d s/);
    await stop(artemis);
  });

  it("is waited for while it works without a sentence", async function () {
    if (process.platform !== "linux") this.skip();
    const artemis = await start(`end=$((SECONDS + ${Math.ceil(SECONDS)})); while [ $SECONDS -lt $end ]; do :; done`);
    expect(artemis.port).to.equal(4_711);
    await stop(artemis);
  });

  it("is given up when it says nothing and does nothing, with the end of what it said", async function () {
    if (process.platform !== "linux") this.skip();
    const failure = await failureOf(start("echo 'AMQ220000: waiting for a lock'; exec sleep 30"));
    expect(failure.message).to.match(/it said nothing and did nothing for 2 s\n.*waiting for a lock/);
  });

  it("is given up after the bound, whatever it says", async () => {
    const failure = await failureOf(start("while :; do echo again; sleep 0.1; done", { boundMs: 4_000 }));
    expect(failure.message).to.match(/not ready after 4 s\n(again\n)+/);
  });

  it("is waited for no more when the stack stops", async () => {
    const stopping = new AbortController();
    const failure = failureOf(start("exec sleep 30", { signal: stopping.signal }));
    stopping.abort();
    expect((await failure).message).to.contain("it was told to stop");
  });

  it("is not waited for when it ends", async () => {
    expect((await failureOf(start("echo 'no space left'; exit 3"))).message).to.match(/it ended with 3\nno space left/);
  });
});
