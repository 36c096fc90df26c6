/** Ctrl-C and its like: the first asks to stop cleanly, the second to stop at once. */

/** A terminal, npm and a script may each pass on one Ctrl-C: the same signal within this time is the same one. */
const SAME_SIGNAL_MS = 300;

export interface StopSignals {
  /** Aborted when it is time to stop; the reason says why. */
  readonly signal: AbortSignal;
  /** Asks to stop cleanly, as a first signal does. */
  stop(why: string): void;
  /** Listens no more. */
  close(): void;
}

/**
 * Listens for SIGINT, SIGTERM, SIGHUP, and for the end of a parent that holds an IPC channel to us.
 * `onHurry` is called at a second signal.
 */
export function listenForStop(onHurry: () => void): StopSignals {
  const stopping = new AbortController();
  const lastTimes = new Map<string, number>();
  const onSignal = (name: string) => {
    const now = performance.now();
    const repeated = now - (lastTimes.get(name) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
    lastTimes.set(name, now);
    if (!stopping.signal.aborted) stopping.abort(new Error(name));
    else if (!repeated) onHurry();
  };
  const onDisconnect = () => stopping.abort(new Error("the parent is gone"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  process.on("disconnect", onDisconnect);
  // Listening for messages of a parent must not keep this process alive.
  process.channel?.unref();
  return {
    signal: stopping.signal,
    stop: (why) => stopping.abort(new Error(why)),
    close: () => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, onSignal);
      process.off("disconnect", onDisconnect);
    },
  };
}
