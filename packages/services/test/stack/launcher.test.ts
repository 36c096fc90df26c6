import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { demoPayments } from "../../dist/stack/demo-cases.js";
import { makeDemoPayments } from "../../dist/stack/demo-payments.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { startPostgres } from "../../dist/stack/postgres.js";
import { identify, isRunning, type ProcessIdentity } from "../../dist/stack/process-identity.js";
import type { RunFile } from "../../dist/stack/run-file.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";

const MAIN = fileURLToPath(new URL("../../dist/stack/main.js", import.meta.url));
const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [user, "of-tests"])) as Record<BrokerUserName, string>;
const START_MS = 90_000;
const STOP_MS = 30_000;

/** `npm start` without npm: a launcher on free ports with a folder of its own. */
interface Launcher {
  readonly child: ChildProcess;
  readonly runFile: string;
  output(): string;
  exitCode(): Promise<number | null>;
  run(): RunFile;
}

describe("npm start", function () {
  this.timeout(START_MS + STOP_MS);
  const folder = mkdtempSync(join(tmpdir(), "quittance-launcher-"));
  const launchers: ChildProcess[] = [];
  let counter = 0;

  after(async () => {
    // Only a test that failed leaves one; the guardian cleans up behind it.
    for (const launcher of launchers) launcher.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  function launch(args: readonly string[] = [], own = join(folder, String(counter++))): Launcher {
    const child = spawn(process.execPath, [MAIN, "--grpc-port", "0", "--http-port", "0", ...args], {
      env: { ...process.env, QUITTANCE_FOLDER: own },
      stdio: ["ignore", "pipe", "pipe"],
    });
    launchers.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
      });
    }
    const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
    const runFile = join(own, "run.json");
    return {
      child,
      runFile,
      output: () => output,
      exitCode: () => exited,
      run: () => JSON.parse(readFileSync(runFile, "utf8")) as RunFile,
    };
  }

  async function untilUp(launcher: Launcher): Promise<void> {
    await eventually(
      "the stack is up",
      () => {
        if (launcher.child.exitCode !== null) throw new Error(`It ended.\n${launcher.output()}`);
        return launcher.output().includes("Ctrl-C stops everything.");
      },
      START_MS,
    );
  }

  async function untilGone(processes: readonly ProcessIdentity[], runFile: string): Promise<void> {
    await eventually("every process is gone", () => !processes.some(isRunning), STOP_MS);
    await eventually("the run file is gone", () => !existsSync(runFile));
  }

  it("with --once shows the five payments, exits with 0, and leaves nothing behind", async () => {
    const launcher = launch(["--once"]);
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    for (const end of ["SUCCEEDED", "INSUFFICIENT_FUNDS", "CARD_EXPIRED", "INVALID_CARD_NUMBER", "MERCHANT_CLOSED"]) {
      expect(launcher.output()).to.contain(end);
    }
    expect(launcher.output()).not.to.match(/error|warning/i);
    expect(existsSync(launcher.runFile)).to.equal(false);
  });

  it("with --once --quiet says one line", async () => {
    const launcher = launch(["--once", "--quiet"]);
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    expect(launcher.output().trim().split("\n")).to.have.length(1);
  });

  it("runs on a broker and a database of the user's own, again and again, and keeps their keys", async () => {
    const postgres = await startPostgres({ guardian: testGuardian() });
    const shop = embeddedBrokerOptions(PASSWORDS);
    const everything = { name: "all", password: "of-tests", send: ["*"], consume: ["*"] };
    const broker = await startBroker({
      ...shop,
      users: [{ ...everything, temporary: true, sendTemporary: true }],
    });
    const args = ["--database", postgres.url, "--broker", `amqp://all:of-tests@127.0.0.1:${broker.port}`, "--once"];
    try {
      const own = join(folder, "kept");
      const keys: string[] = [];
      for (const _start of ["first", "second"]) {
        const launcher = launch(args, own);
        expect(await launcher.exitCode(), launcher.output()).to.equal(0);
        expect(statSync(join(own, "keys.json")).mode & 0o777).to.equal(0o600);
        keys.push(readFileSync(join(own, "keys.json"), "utf8"));
      }
      expect(keys[1]).to.equal(keys[0]);
    } finally {
      await broker.close();
      await postgres.stop();
    }
  });

  it("names the option whose port is taken, and starts nothing", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const launcher = launch(["--http-port", String(port)]);
    expect(await launcher.exitCode()).to.equal(2);
    expect(launcher.output()).to.contain("--http-port").and.to.contain(`Port ${port} is taken`);
    await new Promise((resolve) => server.close(resolve));
  });

  it("starts again what died, says so, and stops everything at Ctrl-C", async () => {
    const launcher = launch();
    await untilUp(launcher);
    expect(statSync(launcher.runFile).mode & 0o777).to.equal(0o600);
    const before = launcher.run();
    const processes = treeOf(launcher.child.pid as number);
    for (const { name, pid } of before.services) {
      process.kill(pid, "SIGKILL");
      await untilSaid(launcher, `${name} died (killed by SIGKILL)`);
    }
    process.kill(pidOf(processes, "embedded-broker-main"), "SIGKILL");
    await untilSaid(launcher, "broker died (killed by SIGKILL)");
    process.kill(pidOf(processes, "bin/postgres"), "SIGKILL");
    await untilSaid(launcher, "database died (killed by SIGKILL)");
    for (const name of [...before.services.map((service) => service.name), "broker", "database"]) {
      await untilSaid(launcher, `${name} is back`);
    }
    const now = await eventually("the run file tells of the new processes", () => {
      const run = launcher.run();
      return run.services.every(({ pid }) => !before.services.some((old) => old.pid === pid)) && run;
    });
    expect({ ...now, services: [] }).to.deep.equal({ ...before, services: [] });
    await untilPaymentsSucceed(now);

    const last = [...processes, ...treeOf(launcher.child.pid as number)].map(({ identity }) => identity);
    launcher.child.kill("SIGINT");
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    await untilGone(last, launcher.runFile);
  });

  it("leaves nothing behind when the guardian and then the launcher are killed", async () => {
    const launcher = launch();
    await untilUp(launcher);
    const pid = launcher.child.pid as number;
    const guardian = pidOf(treeOf(pid), "guardian-main");
    process.kill(guardian, "SIGKILL");
    await eventually("there is another guardian", () =>
      treeOf(pid).some(({ command, identity }) => command.includes("guardian-main") && identity.pid !== guardian),
    );
    const processes = treeOf(pid);
    const data = processes.find(({ command }) => command.includes("bin/postgres"))?.command.split(" -D ")[1];
    const dataFolder = data?.split(" ")[0] as string;
    expect(existsSync(dataFolder)).to.equal(true);
    launcher.child.kill("SIGKILL");
    await untilGone(
      processes.map(({ identity }) => identity),
      launcher.runFile,
    );
    expect(existsSync(dataFolder)).to.equal(false);
  });

  it("stops at once when it is told twice, also while it starts", async () => {
    const launcher = launch();
    const pid = launcher.child.pid as number;
    await eventually(
      "the first service starts",
      () => treeOf(pid).some(({ command }) => /(gateway|card-validation).main\.js/.test(command)),
      START_MS,
    );
    const processes = treeOf(pid);
    launcher.child.kill("SIGINT");
    await untilSaid(launcher, "Stopping.");
    launcher.child.kill("SIGTERM");
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    expect(launcher.output()).to.contain("Stopping at once.");
    await untilGone(
      processes.map(({ identity }) => identity),
      launcher.runFile,
    );
  });

  async function untilSaid(launcher: Launcher, text: string): Promise<void> {
    await eventually(`it says "${text}"`, () => launcher.output().includes(text), STOP_MS);
  }
});

interface TreeProcess {
  readonly identity: ProcessIdentity;
  readonly command: string;
}

/** Every process below `root`, and that itself. */
function treeOf(root: number): TreeProcess[] {
  const listed = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid && parent && command ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
    });
  const found = listed.filter(({ pid }) => pid === root);
  for (const above of found) found.push(...listed.filter(({ parent }) => parent === above.pid));
  return found.map(({ pid, command }) => ({ identity: identify(pid), command }));
}

function pidOf(processes: readonly TreeProcess[], part: string): number {
  const found = processes.find(({ command }) => command.includes(part));
  if (!found) throw new Error(`No process is ${part}.`);
  return found.identity.pid;
}

/** The five payments again, over the door that the run file tells: after all those deaths they end as they should. */
async function untilPaymentsSucceed(run: RunFile): Promise<void> {
  const payments = demoPayments().filter(({ merchantId }) => merchantId === demoPayments()[0].merchantId);
  await eventually(
    "the payments end as they should",
    async () => {
      const results = await makeDemoPayments({
        payments,
        grpcPort: Number(run.grpc.split(":")[1]),
        tokenOf: async () => run.token,
        signal: new AbortController().signal,
      });
      return results.every(({ problem }) => problem === undefined);
    },
    STOP_MS,
  );
}
