/** Runs a program in this process's place, as far as a process can stand in for another. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** A terminal signals this process, and npm passes the same signal on: two within this time are one Ctrl-C. */
const SAME_SIGNAL_MS = 300;

/** How often to see whether npm is still there. */
const PARENT_CHECK_MS = 1_000;

/**
 * Runs `command` with our terminal until it ends, and resolves to the exit code to end with.
 *
 * The child has a process group of its own, so that a terminal's Ctrl-C reaches it once: through us. It has an IPC
 * channel to us, whose `disconnect` event tells it that we are gone, even by SIGKILL. When npm started us and is gone,
 * the child is asked to stop as well.
 */
export function runInForeground(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      detached: process.platform !== "win32",
    });
    const lastForwarded = new Map();
    const forward = (signal) => {
      const now = performance.now();
      if (now - (lastForwarded.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS) return;
      lastForwarded.set(signal, now);
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, forward);
    const stopWatching = process.env.npm_lifecycle_event ? whenParentIsGone(() => child.kill("SIGTERM")) : () => {};
    const clear = () => {
      stopWatching();
      for (const signal of SIGNALS) process.off(signal, forward);
    };
    child.once("error", (error) => {
      clear();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      clear();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** npm starts a script through a shell, which may stay between us and npm: both are watched. */
function whenParentIsGone(act) {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && parentOf(shell) === npm) return;
    clearInterval(timer);
    act();
  }, PARENT_CHECK_MS);
  return () => clearInterval(timer);
}

/** The parent of a process, where Linux tells it; undefined elsewhere. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything; the state and the parent follow it.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
