import { type ChildProcess, spawn } from "node:child_process";
import { expect } from "chai";
import type { ProcessExit } from "../../dist/stack/node-process.js";
import { type Supervisable, type SupervisorEvent, supervise } from "../../dist/stack/supervisor.js";
import { eventually } from "../support/eventually.js";

/** A real process that does nothing until it is stopped. */
function startIdleProcess(): Supervisable {
  const child: ChildProcess = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const exited = new Promise<ProcessExit>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  return {
    pid: child.pid as number,
    exited,
    stop: () => {
      child.kill();
      return exited;
    },
  };
}

describe("The supervisor", function () {
  this.timeout(60_000);

  it("starts a process again that was killed, and says so", async () => {
    const events: SupervisorEvent[] = [];
    const supervision = await supervise({
      name: "idle",
      start: async () => startIdleProcess(),
      onEvent: (event) => events.push(event),
      initialDelayMs: 10,
    });
    const first = supervision.current.pid;
    process.kill(first, "SIGKILL");
    await eventually("it is started again", () => events.some((event) => event.type === "restarted"));
    expect(supervision.current.pid).not.to.equal(first);
    expect(events[0]).to.deep.equal({
      type: "died",
      name: "idle",
      exit: { code: null, signal: "SIGKILL" },
      delayMs: 10,
    });
    await supervision.stop();
    expect(await supervision.current.exited).to.deep.equal({ code: null, signal: "SIGTERM" });
  });

  it("hands the process before to the start of the next", async () => {
    const seen: (number | undefined)[] = [];
    const supervision = await supervise({
      name: "idle",
      start: async (previous: Supervisable | undefined) => {
        seen.push(previous?.pid);
        return startIdleProcess();
      },
      onEvent: () => undefined,
      initialDelayMs: 1,
    });
    const first = supervision.current.pid;
    process.kill(first, "SIGKILL");
    await eventually("it is started again", () => seen.length === 2);
    expect(seen).to.deep.equal([undefined, first]);
    await supervision.stop();
  });

  it("doubles the pause up to its limit while a process does not live", async () => {
    const delays: number[] = [];
    let started = 0;
    const supervision = await supervise({
      name: "weak",
      start: async () => {
        started += 1;
        if (started > 1) throw new Error("It does not start.");
        return startIdleProcess();
      },
      onEvent: (event) => "delayMs" in event && delays.push(event.delayMs),
      initialDelayMs: 1,
      maximumDelayMs: 4,
    });
    process.kill(supervision.current.pid, "SIGKILL");
    await eventually("it was tried some times", () => delays.length >= 5);
    expect(delays.slice(0, 5)).to.deep.equal([1, 2, 4, 4, 4]);
    await supervision.stop();
  });

  it("begins with the shortest pause again after a process was well for a while", async () => {
    const delays: number[] = [];
    let restarts = 0;
    const supervision = await supervise({
      name: "idle",
      start: async () => startIdleProcess(),
      onEvent: (event) => {
        if (event.type === "died") delays.push(event.delayMs);
        if (event.type === "restarted") restarts += 1;
      },
      initialDelayMs: 1,
      stableAfterMs: 0,
    });
    for (const round of [1, 2, 3]) {
      process.kill(supervision.current.pid, "SIGKILL");
      await eventually("it is started again", () => restarts === round);
    }
    expect(delays).to.deep.equal([1, 1, 1]);
    await supervision.stop();
  });

  it("starts nothing again once it is told to stop, also during the pause", async () => {
    const events: SupervisorEvent[] = [];
    let started = 0;
    const supervision = await supervise({
      name: "idle",
      start: async () => {
        started += 1;
        return startIdleProcess();
      },
      onEvent: (event) => events.push(event),
      initialDelayMs: 60_000,
    });
    process.kill(supervision.current.pid, "SIGKILL");
    await eventually("its death is seen", () => events.length === 1);
    await supervision.stop();
    expect(started).to.equal(1);
  });

  it("starts a process again that is to be restarted, without a pause and without calling it dead", async () => {
    const events: SupervisorEvent[] = [];
    const supervision = await supervise({
      name: "idle",
      start: async () => startIdleProcess(),
      onEvent: (event) => events.push(event),
      initialDelayMs: 60_000,
    });
    const first = supervision.current;
    await supervision.restart();
    expect(await first.exited).to.deep.equal({ code: null, signal: "SIGTERM" });
    expect(supervision.current.pid).not.to.equal(first.pid);
    expect(events.map(({ type }) => type)).to.deep.equal(["restarted"]);
    await supervision.stop();
  });

  it("ends the pause of a process that is down when it is to be restarted", async () => {
    const events: SupervisorEvent[] = [];
    const supervision = await supervise({
      name: "idle",
      start: async () => startIdleProcess(),
      onEvent: (event) => events.push(event),
      initialDelayMs: 60_000,
    });
    process.kill(supervision.current.pid, "SIGKILL");
    await eventually("its death is seen", () => events.length === 1);
    await supervision.restart();
    expect(events.map(({ type }) => type)).to.deep.equal(["died", "restarted"]);
    await supervision.stop();
  });

  it("starts a process once more when a restart is asked for while it starts", async () => {
    const starts: PromiseWithResolvers<void>[] = [];
    const supervision = await supervise({
      name: "slow",
      start: async (previous: Supervisable | undefined) => {
        const start = Promise.withResolvers<void>();
        if (previous !== undefined) {
          starts.push(start);
          await start.promise;
        }
        return startIdleProcess();
      },
      onEvent: () => undefined,
    });
    const restarts = [supervision.restart()];
    await eventually("it is being started", () => starts.length === 1);
    restarts.push(supervision.restart());
    starts[0]?.resolve();
    await eventually("it is started once more", () => starts.length === 2);
    starts[1]?.resolve();
    await Promise.all(restarts);
    await supervision.stop();
  });

  it("does not try a process again that never ran", async () => {
    const failure = await supervise({
      name: "never",
      start: () => Promise.reject(new Error("No such thing.")),
      onEvent: () => undefined,
    }).catch((error: unknown) => error);
    expect(failure).to.have.property("message", "No such thing.");
  });
});
