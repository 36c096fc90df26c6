/** What the waits of a consumer are asked for with, checked. */
import { atLeast, checkNames, checkSignal, checkWait, namesOf } from "../arguments.js";

/** Options of a wait for one message. */
export interface Wait {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface BatchWait {
  readonly maximumSize: number;
  readonly signal?: AbortSignal;
}

interface Start {
  readonly maximumUnsettled?: number;
}

const WAIT = namesOf<Wait>({ timeoutMs: true, signal: true });
const BATCH = namesOf<BatchWait>({ maximumSize: true, signal: true });
const START = namesOf<Start>({ maximumUnsettled: true });

/** On the clock of `performance.now()`; undefined for a wait without end. @throws MessagingError `invalid-argument` */
export function deadlineOf(options: Wait): number | undefined {
  checkNames("The options of receive", options, WAIT);
  const { timeoutMs, signal } = options;
  checkSignal("signal", signal);
  if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return undefined;
  checkWait("timeoutMs", timeoutMs);
  return performance.now() + timeoutMs;
}

/** @throws MessagingError `invalid-argument` */
export function checkBatchWait(options: BatchWait): void {
  checkNames("The options of receiveBatch", options, BATCH);
  checkSignal("signal", options.signal);
}

/** @throws MessagingError `invalid-argument` */
export function checkStart(options: Start): void {
  checkNames("The options of start", options, START);
  if (options.maximumUnsettled !== undefined) atLeast(1, "maximumUnsettled", options.maximumUnsettled);
}
