/** Keeps one process running: started again whenever it ends unasked, with a growing pause, until it is told to stop. */
import type { ProcessExit } from "./node-process.js";

/** What a supervisor needs to know of a process. */
export interface Supervisable {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  stop(): Promise<unknown>;
}

export type SupervisorEvent =
  | { readonly type: "died"; readonly name: string; readonly exit: ProcessExit; readonly delayMs: number }
  | { readonly type: "restarted"; readonly name: string; readonly pid: number; readonly afterMs: number }
  | { readonly type: "restart-failed"; readonly name: string; readonly error: unknown; readonly delayMs: number };

export interface SupervisorOptions<P extends Supervisable> {
  readonly name: string;
  /** Starts the process; at a restart it gets the one before, to take over its ports. */
  readonly start: (previous: P | undefined) => Promise<P>;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** The pause before the first restart, doubled with each further one, in milliseconds [200]. */
  readonly initialDelayMs?: number;
  /** [10,000] */
  readonly maximumDelayMs?: number | undefined;
  /** A process that ran so long was well: the pause starts from the beginning again, in milliseconds [30,000]. */
  readonly stableAfterMs?: number;
  /** When aborted, nothing is started again. */
  readonly signal?: AbortSignal;
}

export interface Supervision<P extends Supervisable> {
  /** The process of the moment, which may just have died. */
  readonly current: P;
  /** Stops the process, and starts it again only when the returned function is called, which resolves when it runs. */
  hold(): Promise<() => Promise<void>>;
  /**
   * Stops the process and starts it again without a pause; one that is down is started at once. Resolves after the first
   * attempt: when that failed, further ones follow, as for a process that died.
   */
  restart(): Promise<void>;
  /** Stops the process and starts it no more. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a process and supervises it.
 * @throws what `start` throws the first time: a process that never ran is not tried again.
 */
export async function supervise<P extends Supervisable>(options: SupervisorOptions<P>): Promise<Supervision<P>> {
  const initialDelayMs = options.initialDelayMs ?? 200;
  const maximumDelayMs = options.maximumDelayMs ?? 10_000;
  const stableAfterMs = options.stableAfterMs ?? 30_000;
  const stopped = new AbortController();
  const stopping = options.signal ? AbortSignal.any([stopped.signal, options.signal]) : stopped.signal;
  let current = await options.start(undefined);
  let delayMs = initialDelayMs;
  let down = false;
  /** Set while somebody waits for the next attempt to start it, for which there is no pause. */
  let asked: PromiseWithResolvers<void> | undefined;
  let skipPause = new AbortController();
  /** Set while the process is down on purpose. */
  let held: { readonly released: PromiseWithResolvers<void>; readonly resumed: PromiseWithResolvers<void> } | undefined;
  const stopRequested = new Promise<void>((resolve) =>
    stopping.addEventListener("abort", () => resolve(), { once: true }),
  );

  async function startAgain(diedAt: number): Promise<void> {
    down = true;
    while (await pause(delayMs, stopping, skipPause.signal)) {
      delayMs = Math.min(delayMs * 2, maximumDelayMs);
      skipPause = new AbortController();
      // Whoever asks from here on may mean code that this attempt does not read any more.
      const waiting = asked;
      asked = undefined;
      try {
        current = await options.start(current);
        if (stopping.aborted) return;
        down = false;
        options.onEvent({ type: "restarted", name: options.name, pid: current.pid, afterMs: Date.now() - diedAt });
        return;
      } catch (error) {
        if (stopping.aborted) return;
        options.onEvent({ type: "restart-failed", name: options.name, error, delayMs });
      } finally {
        waiting?.resolve();
      }
    }
  }

  async function watch(): Promise<void> {
    while (!stopping.aborted) {
      const startedAt = Date.now();
      if (asked !== undefined) void current.stop();
      const exit = await current.exited;
      if (stopping.aborted) return;
      if (held) {
        const { released, resumed } = held;
        await Promise.race([released.promise, stopRequested]);
        held = undefined;
        await startAgain(Date.now());
        resumed.resolve();
        continue;
      }
      if (Date.now() - startedAt >= stableAfterMs) delayMs = initialDelayMs;
      if (asked === undefined) options.onEvent({ type: "died", name: options.name, exit, delayMs });
      await startAgain(Date.now());
    }
  }

  const watching = watch().finally(() => asked?.resolve());
  let ended: Promise<void> | undefined;
  return {
    get current() {
      return current;
    },
    hold: async () => {
      const hold = { released: Promise.withResolvers<void>(), resumed: Promise.withResolvers<void>() };
      held = hold;
      await current.stop();
      return () => {
        hold.released.resolve();
        return hold.resumed.promise;
      };
    },
    restart: () => {
      if (stopping.aborted) return Promise.resolve();
      asked ??= Promise.withResolvers();
      delayMs = initialDelayMs;
      skipPause.abort();
      if (!down) void current.stop();
      return asked.promise;
    },
    stop: () => {
      ended ??= (async () => {
        stopped.abort();
        await current.stop();
        // A restart that was under way has put another process in its place.
        await watching;
        await current.stop();
      })();
      return ended;
    },
  };
}

/** Waits, unless `skip` is aborted; false when it was told to stop. */
function pause(delayMs: number, signal: AbortSignal, skip: AbortSignal): Promise<boolean> {
  if (signal.aborted || skip.aborted) return Promise.resolve(!signal.aborted);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const either of [signal, skip]) either.removeEventListener("abort", done);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(done, delayMs);
    for (const either of [signal, skip]) either.addEventListener("abort", done, { once: true });
  });
}
