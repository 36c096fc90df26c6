/**
 * How long a server may take to come up: as long as it gets somewhere. A broker that reads a big journal, or a database
 * that replays its log, may need minutes; ending it begins the same work again.
 */
import { cpuTicksOf } from "./process-identity.js";

export interface Patience {
  /** A server that says nothing and does nothing for so long is given up, in milliseconds [60,000]. */
  readonly stallMs?: number;
  /** One that is not ready after this time is given up whatever it does, in milliseconds [1,800,000]. */
  readonly boundMs?: number;
  /** How often to tell that it is still starting, in milliseconds [30,000]. */
  readonly tellEveryMs?: number;
}

const STALL_MS = 60_000;
const BOUND_MS = 1_800_000;
const TELL_EVERY_MS = 30_000;
/** A server whose processor time grows by less than this part of the time that passes does nothing. */
const IDLE_PART = 1 / 60;
/** USER_HZ, which Linux fixes for what /proc shows (proc(5)). */
const TICKS_PER_SECOND = 100;
const LOOKS_PER_STALL = 20;

export interface StartWatch {
  /** Call it for whatever the server says. */
  heard(): void;
  /** Ends the watch. Safe to call twice. */
  end(): void;
}

/**
 * Watches a server's process from now until `end`.
 * @param tell Told now and then that it is still starting.
 * @param giveUp Called once, with why, when there is no more point in waiting.
 */
export function watchStart(
  pid: number,
  patience: Patience,
  { tell, giveUp }: { readonly tell: (afterSeconds: number) => void; readonly giveUp: (why: string) => void },
): StartWatch {
  const { stallMs = STALL_MS, boundMs = BOUND_MS, tellEveryMs = TELL_EVERY_MS } = patience;
  const worthwhileTicks = Math.max(1, (stallMs / 1_000) * IDLE_PART * TICKS_PER_SECOND);
  const began = performance.now();
  let nextTell = began + tellEveryMs;
  let progressAt = began;
  let ticks = cpuTicksOf(pid);
  const timer = setInterval(look, stallMs / LOOKS_PER_STALL);

  function look(): void {
    const now = performance.now();
    const used = cpuTicksOf(pid);
    // Where the system does not tell, a process that lives counts as one that works.
    if (used === undefined || ticks === undefined || used - ticks >= worthwhileTicks) progressed(now, used);
    if (now - began >= boundMs) finish(`not ready after ${boundMs / 1_000} s`);
    else if (now - progressAt >= stallMs) finish(`it said nothing and did nothing for ${stallMs / 1_000} s`);
    else if (now >= nextTell) {
      nextTell += tellEveryMs;
      tell(Math.round((now - began) / 1_000));
    }
  }
  function progressed(now: number, used: number | undefined): void {
    progressAt = now;
    ticks = used;
  }
  function finish(why: string): void {
    end();
    giveUp(why);
  }
  let ended = false;
  function end(): void {
    ended = true;
    clearInterval(timer);
  }
  return {
    heard: () => {
      if (!ended) progressed(performance.now(), cpuTicksOf(pid));
    },
    end,
  };
}
