/** Makes a task end, with every process that it started, when it is asked to or when whoever started it is gone. */

/** Ends this process's group, which scripts/foreground.mjs gave it. */
function endAll(signal) {
  try {
    process.kill(-process.pid, signal);
  } catch {
    // Started by hand, without a group of its own.
    process.kill(process.pid, signal);
  }
}

/** Call it once, first of all. */
export function endWithParent() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => endAll(signal));
  if (process.channel === undefined) return;
  process.once("disconnect", () => process.emit("SIGTERM"));
  process.channel.unref();
}
