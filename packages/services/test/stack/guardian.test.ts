import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startGuardian } from "../../dist/stack/guardian.js";
import { identify, isRunning } from "../../dist/stack/process-identity.js";
import { eventually } from "../support/eventually.js";

function startIdleProcess(script = ""): ChildProcess {
  return spawn(process.execPath, ["-e", `${script}; setInterval(() => {}, 1000); process.send?.("ready")`], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

async function ready(child: ChildProcess): Promise<number> {
  await once(child, "message");
  return child.pid as number;
}

/** Listens from the start, so that no message is missed. */
function untilMessage(child: ChildProcess, wanted: string): Promise<void> {
  return new Promise((resolve) => child.on("message", (message) => message === wanted && resolve()));
}

describe("The guardian", function () {
  this.timeout(60_000);

  it("ends processes and removes folders when the one it guards is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-guarded-"));
    const guarded = startIdleProcess();
    const guardedPid = await ready(guarded);
    const guardianModule = new URL("../../dist/stack/guardian.js", import.meta.url).href;
    const launcher = startIdleProcess(`
      import(${JSON.stringify(guardianModule)}).then(({ startGuardian }) => {
        const guardian = startGuardian();
        guardian.process(${guardedPid}, { signal: "SIGTERM", graceMs: 5000, order: 1 });
        guardian.path(${JSON.stringify(folder)});
        process.send("guarded");
      })`);
    await untilMessage(launcher, "guarded");
    launcher.kill("SIGKILL");
    await once(guarded, "exit");
    await eventually("the folder is gone", () => !existsSync(folder));
  });

  it("kills what does not end when asked, and takes its orders one after the other", async () => {
    const guardian = startGuardian();
    const stubborn = startIdleProcess("process.on('SIGTERM', () => {})");
    const later = startIdleProcess();
    guardian.process(await ready(later), { signal: "SIGTERM", graceMs: 5_000, order: 2 });
    guardian.process(await ready(stubborn), { signal: "SIGTERM", graceMs: 200, order: 1 });
    const ended: string[] = [];
    const both = [once(stubborn, "exit"), once(later, "exit")];
    stubborn.once("exit", (_code, signal) => ended.push(`stubborn ${signal}`));
    later.once("exit", (_code, signal) => ended.push(`later ${signal}`));
    await guardian.close();
    await Promise.all(both);
    expect(ended).to.deep.equal(["stubborn SIGKILL", "later SIGTERM"]);
  });

  it("leaves alone what was taken off its list", async () => {
    const guardian = startGuardian();
    const child = startIdleProcess();
    const release = guardian.process(await ready(child), { signal: "SIGKILL", graceMs: 0, order: 1 });
    release();
    await guardian.close();
    expect(child.exitCode).to.equal(null);
    expect(child.signalCode).to.equal(null);
    child.kill();
    await once(child, "exit");
  });

  it("is replaced when it is killed, and its successor guards the same", async () => {
    const guardian = startGuardian();
    const child = startIdleProcess();
    const exited = once(child, "exit");
    guardian.process(await ready(child), { signal: "SIGTERM", graceMs: 5_000, order: 1 });
    const first = guardian.pid as number;
    process.kill(first, "SIGKILL");
    await eventually("another guardian is there", () => guardian.pid !== undefined && guardian.pid !== first);
    await guardian.close();
    expect((await exited)[1]).to.equal("SIGTERM");
  });

  it("gives no time when it is told to hurry", async () => {
    const guardian = startGuardian();
    const stubborn = startIdleProcess("process.on('SIGTERM', () => {})");
    const exited = once(stubborn, "exit");
    guardian.process(await ready(stubborn), { signal: "SIGTERM", graceMs: 60_000, order: 1 });
    await guardian.hurry();
    expect((await exited)[1]).to.equal("SIGKILL");
  });

  it("removes a run file only while it is the one that it was given", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-guarded-"));
    const [ours, theirs] = [join(folder, "ours.json"), join(folder, "theirs.json")];
    await writeFile(ours, '{"token":"first"}');
    await writeFile(theirs, '{"token":"second"}');
    const guardian = startGuardian();
    guardian.runFile(ours, "first");
    guardian.runFile(theirs, "first");
    await guardian.close();
    expect([existsSync(ours), existsSync(theirs)]).to.deep.equal([false, true]);
    const last = startGuardian();
    last.path(folder);
    await last.close();
  });
});

describe("A process's identity", () => {
  it("is no longer running when another process has its number", () => {
    const self = identify(process.pid);
    expect(isRunning(self)).to.equal(true);
    if (self.started !== undefined) expect(isRunning({ ...self, started: "0" })).to.equal(false);
  });
});
