/**
 * The guardian: a small process of its own that holds the reading end of a pipe. When the pipe ends, because whoever
 * wrote to it has gone in whatever way, it ends the processes and removes the paths that it was given and that were
 * not taken off its list since. A guardian that dies is replaced, and the new one is told everything again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { identify, type ProcessIdentity } from "./process-identity.js";

/** What the guardian looks after. Processes of a lower `order` are ended before those of a higher one, paths last. */
export type Ward =
  | {
      readonly kind: "process";
      readonly identity: ProcessIdentity;
      readonly signal: NodeJS.Signals;
      /** After this time the process is killed. */
      readonly graceMs: number;
      /** The same when there is a hurry [300]. */
      readonly hurriedGraceMs?: number;
      readonly order: number;
    }
  | { readonly kind: "path"; readonly path: string }
  /** A run file, which is removed only while it is the one with this token. */
  | { readonly kind: "run-file"; readonly path: string; readonly token: string };

/** One line of the pipe. */
export type GuardianCommand =
  | { readonly type: "guard"; readonly id: number; readonly ward: Ward }
  | { readonly type: "release"; readonly id: number }
  /** From now on nothing gets time to finish. */
  | { readonly type: "hurry" };

/** Takes a ward off the list: it has ended, or was removed, in the ordinary way. */
export type Release = () => void;

export interface Guardian {
  /** The process id of the guardian of the moment. */
  readonly pid: number | undefined;
  process(pid: number, options: Omit<Extract<Ward, { kind: "process" }>, "kind" | "identity">): Release;
  path(path: string): Release;
  runFile(path: string, token: string): Release;
  /** Lets the guardian go; what is still on its list is ended and removed now. */
  close(): Promise<void>;
  /** The same at once: processes get a moment instead of the time that they were promised. */
  hurry(): Promise<void>;
}

/** A guardian that cannot live is not started more often than this, so that a broken system is not kept busy. */
const MAXIMUM_RESTARTS = 20;

/** Starts a guardian. It does not keep this process alive. */
export function startGuardian(): Guardian {
  const wards = new Map<number, Ward>();
  let nextId = 1;
  let restarts = 0;
  let closed = false;
  let child = start();

  function start(): ChildProcess {
    const started = spawn(process.execPath, [fileURLToPath(new URL("./guardian-main.js", import.meta.url))], {
      // A session of its own: a Ctrl-C in the terminal must not reach it.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      cwd: tmpdir(),
      env: { PATH: process.env.PATH },
    });
    // A write to a guardian that has just died fails; its successor is told everything anyway.
    started.stdin?.on("error", () => undefined);
    started.on("error", () => undefined);
    started.once("exit", () => {
      if (closed || restarts >= MAXIMUM_RESTARTS) return;
      restarts += 1;
      child = start();
    });
    started.unref();
    (started.stdin as unknown as { unref(): void } | null)?.unref();
    for (const [id, ward] of wards) write(started, { type: "guard", id, ward });
    return started;
  }

  function write(to: ChildProcess, command: GuardianCommand): void {
    to.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  function guard(ward: Ward): Release {
    const id = nextId++;
    wards.set(id, ward);
    write(child, { type: "guard", id, ward });
    return () => {
      if (wards.delete(id)) write(child, { type: "release", id });
    };
  }

  function close(): Promise<void> {
    closed = true;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    child.ref();
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.stdin?.end();
    return exited;
  }

  return {
    get pid() {
      return child.pid;
    },
    process: (pid, options) => guard({ kind: "process", identity: identify(pid), ...options }),
    path: (path) => guard({ kind: "path", path }),
    runFile: (path, token) => guard({ kind: "run-file", path, token }),
    close,
    hurry: () => {
      if (!closed) write(child, { type: "hurry" });
      return close();
    },
  };
}
